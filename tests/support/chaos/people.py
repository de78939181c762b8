"""People who sign, and who send the same form again until they are told that it was recorded."""

import http.client
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.support.smtp import SmtpServer

#: Seconds that a browser waits for an answer.
TIMEOUT = 12.0
_LINK = re.compile(r"/en/confirm/([\w.~-]+)")


@dataclass
class Person:
    """What one person does, and what they were told."""

    number: int
    email: str
    name: str
    network: str
    double_click: bool = False
    withdraws: bool = False
    renames: bool = False  #: signs a second time with another name before confirming
    never_confirms: bool = False
    signed: bool = False  #: acknowledged
    tried_to_confirm: bool = False
    confirmed: bool = False  #: acknowledged
    withdrawn: bool = False  #: acknowledged
    tokens: set[str] = field(default_factory=set)


def draw(number: int, dice: random.Random) -> Person:
    """A person with an address and a network of their own."""
    network = f"{dice.randint(11, 99)}.{dice.randint(0, 255)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}"
    domain = dice.choice(("naver.com", "gmail.com", "daum.net", f"company{number}.example"))
    kind = dice.random()
    return Person(
        number,
        email=f"chaos{number}x{dice.randint(1000, 9999)}@{domain}",
        name=f"Chaos Person {chr(65 + number % 26)}{chr(65 + number // 26 % 26)}",
        network=network,
        double_click=dice.random() < 0.1,
        withdraws=kind < 0.05,
        renames=0.05 <= kind < 0.1,
        never_confirms=0.1 <= kind < 0.12,
    )


@dataclass
class Crowd:
    """Some people at a time, each from their form to their last acknowledgement, until `stop`; then nobody begins anew."""

    port: int
    smtp: SmtpServer
    seed: int
    #: Makes the path of one's own page from the token in a mail.
    own_page: Callable[[str], str]
    threads: int = 8
    people: list[Person] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    #: When nobody tries any more, whatever they have not been told.
    gives_up_at: float = float("inf")
    #: Answers that nobody should get, whatever dies.
    refused: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        self._dice = random.Random(self.seed)
        self._running = [threading.Thread(target=self._live) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()

    def stop(self, patience: float) -> None:
        """Let everybody finish what they began, for at most so many seconds."""
        self.gives_up_at = time.monotonic() + patience
        self.stopping.set()
        for thread in self._running:
            thread.join()

    def _live(self) -> None:
        while not self.stopping.is_set():
            with self._lock:
                person = draw(len(self.people), self._dice)
                self.people.append(person)
            self._visit(person)

    def _visit(self, person: Person) -> None:
        forms = [person.name, f"{person.name} Other"] if person.renames else [person.name]
        for name in forms:
            # Twice the same form is a double click; it is recorded once.
            for _ in range(2 if person.double_click else 1):
                if not self._until_told(person, "/en/c/blue-skies/sign", {303}, _form(person, name)):
                    return
        person.signed = True
        if person.never_confirms:
            return
        token = self._mailed(person)
        if token is None:
            return
        person.tried_to_confirm = True
        for _ in range(2 if person.double_click else 1):
            if not self._until_told(person, f"/en/confirm/{token}", {200, 303}, {}):
                return
        person.confirmed = True
        if person.withdraws and self._until_told(person, f"{self.own_page(token)}/withdraw", {200, 303}, {}):
            person.withdrawn = True

    def _until_told(self, person: Person, path: str, wanted: set[int], fields: dict[str, str]) -> bool:
        pause = 0.1
        while time.monotonic() < self.gives_up_at:
            status = self._post(person, path, fields)
            if status in wanted:
                return True
            if status is not None and status not in {502, 503}:
                self.refused.append(f"{path.rpartition('/')[0]} answered {status}")
                return False
            time.sleep(pause)
            pause = min(pause * 1.7, 2.0)
        return False

    def _post(self, person: Person, path: str, fields: dict[str, str]) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(
                "POST",
                path,
                urlencode(fields),
                {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Origin": f"http://127.0.0.1:{self.port}",
                    "X-Forwarded-For": person.network,
                    "X-Forwarded-Proto": "http",
                    "Accept-Language": "en-GB,en;q=0.9",
                    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                },
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _mailed(self, person: Person) -> str | None:
        """The token in the newest mail so far, once there is one; None when that took too long."""
        until = min(self.gives_up_at, time.monotonic() + 90)
        while time.monotonic() < until:
            mails = self.smtp.mails_to(person.email)
            links = [found[1] for mail in mails if (found := _LINK.search(mail.part("plain")))]
            person.tokens.update(links)
            if links:
                return links[-1]
            time.sleep(0.1)
        return None


def _form(person: Person, name: str) -> dict[str, str]:
    return {
        "name": name,
        "email": person.email,
        "country": "KR",
        "age_ok": "y",
        "consent_privacy": "y",
    }
