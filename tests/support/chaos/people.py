"""People who sign, and who send the same form again until they are told that it was recorded."""

import http.client
import random
import re
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlencode

from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.mailed_links.links import read_numbers
from tests.support.nginx import HOST
from tests.support.site import Site
from tests.support.smtp import SmtpServer

#: Seconds that a browser waits for an answer.
TIMEOUT = 12.0
#: Seconds that somebody waits for a mail.
MAX_MAIL_WAIT = 90.0
#: What says that it is done: the form leads on; the page behind a button may be the answer itself.
SIGNED = frozenset({303})
PRESSED = frozenset({200, 303})
_LINK = re.compile(r"/en/confirm/([\w.~-]+)")


@dataclass
class Person:
    """What one person does, and what they were told."""

    number: int
    email: str
    name: str
    network: str
    double_click: bool = False  #: sends everything twice at the same moment
    withdraws: bool = False
    renames: bool = False  #: signs a second time with another name before confirming
    never_confirms: bool = False
    mistypes: bool = False  #: signs with an address that does not exist before the right one
    signed: bool = False  #: acknowledged
    signed_mistyped: bool = False  #: acknowledged
    tried_to_confirm: bool = False
    confirmed: bool = False  #: acknowledged
    withdrawn: bool = False  #: acknowledged
    tokens: set[str] = field(default_factory=set)

    @property
    def mistyped(self) -> str:
        return f"wrong-{self.email}"

    @property
    def other_name(self) -> str:
        return f"{self.name} Other"

    @property
    def emails(self) -> set[str]:
        """All addresses that they typed, or would."""
        return {self.email, self.mistyped} if self.mistypes else {self.email}


def own_page(site: Site, token: str) -> str:
    """The path of one's own page, from the token of the link to confirm in a mail."""
    with site.inside():
        (signature_id,), _ = read_numbers(Purpose.CONFIRM, token)
        return f"/en/me/{tokens.mint(Purpose.MANAGE, [signature_id])}"


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
        mistypes=0.12 <= kind < 0.14,
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
    #: Moments (monotonic) at which somebody was told that something is recorded.
    told_at: list[float] = field(default_factory=list)
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
                person = self.draw(len(self.people))
                self.people.append(person)
                if person.mistypes:
                    self.smtp.unknown.add(person.mistyped)
            self._visit(person)

    def _visit(self, person: Person) -> None:
        if person.mistypes:
            person.signed_mistyped = self._sign(person, person.name, person.mistyped)
        person.signed = self._sign(person, person.name, person.email)
        if person.renames:
            self._sign(person, person.other_name, person.email)
        if not person.signed or person.never_confirms:
            return
        token = self._mailed(person)
        if token is None:
            return
        person.tried_to_confirm = True
        person.confirmed = self._press(person, f"/en/confirm/{token}", {})
        if person.confirmed and person.withdraws:
            person.withdrawn = self._press(person, f"{self.own_page(token)}/withdraw", {})

    def _sign(self, person: Person, name: str, email: str) -> bool:
        ticked = {"age_ok": "y", "consent_privacy": "y"}
        fields = {"name": name, "email": email, "country": "KR", "pledge_version": "1", **ticked}
        return self._press(person, "/en/c/blue-skies/sign", fields, SIGNED)

    def _press(
        self, person: Person, path: str, fields: dict[str, str], acknowledged: frozenset[int] = PRESSED
    ) -> bool:
        """Whether they were told that it is done."""
        if not person.double_click:
            return self._until_told(person, path, fields, acknowledged)
        other = threading.Thread(target=self._post, args=(person, path, fields))
        other.start()
        is_told = self._until_told(person, path, fields, acknowledged)
        other.join()
        return is_told

    def _until_told(
        self, person: Person, path: str, fields: dict[str, str], acknowledged: frozenset[int]
    ) -> bool:
        pause = 0.1
        while time.monotonic() < self.gives_up_at:
            status = self._post(person, path, fields)
            if status in acknowledged:
                self.told_at.append(time.monotonic())
                return True
            if status is not None and status not in {502, 503}:
                self.refused.append(f"{path.rpartition('/')[0]} answered {status}")
                return False
            time.sleep(pause)  # as a person waits before sending a form again
            pause = min(pause * 1.7, 2.0)
        return False

    def draw(self, number: int) -> Person:
        return draw(number, self._dice)

    @property
    def origin(self) -> str:
        """The address of the site, as the people have it in their browsers."""
        return f"http://{HOST}"

    def connect(self, _person: Person) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def _post(self, person: Person, path: str, fields: dict[str, str]) -> int | None:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": self.origin.partition("://")[2],
            "Origin": self.origin,
            "X-Forwarded-For": person.network,
            "Accept-Language": "en-GB,en;q=0.9",
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        }
        try:
            with closing(self.connect(person)) as connection:
                connection.request("POST", path, urlencode(fields), headers)
                answer = connection.getresponse()
                answer.read()
                return answer.status
        except (OSError, http.client.HTTPException):
            return None

    def _mailed(self, person: Person) -> str | None:
        """The token in the newest mail so far, once there is one; None when that took too long."""
        until = time.monotonic() + MAX_MAIL_WAIT
        while time.monotonic() < min(until, self.gives_up_at):
            mails = self.smtp.mails_to(person.email)
            links = [match[1] for mail in mails if (match := _LINK.search(mail.part("plain")))]
            person.tokens.update(links)
            if links:
                return links[-1]
            time.sleep(0.1)
        return None
