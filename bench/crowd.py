"""People who sign: the whole journey of each through nginx as a browser makes it, and the mailbox that their mails arrive in."""

import asyncio
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import brotli

from bench.journey import FORM
from bench.load import BROWSER
from bench.sink import Session
from bench.web import COUNT, MINE, PAGE

#: Seconds, from … to …: to fill in the form, to turn to the mail (sooner than check.js first asks), to open it, to press the button.
FILLING, LEAVING, OPENING, PRESSING = (4.0, 12.0), (1.0, 6.0), (1.0, 6.0), (1.0, 4.0)
#: After which somebody has given up on an answer or a mail.
MAX_WAIT = 60.0
#: Between two looks of the one who watches the count.
WATCHING = 0.1
#: Of static/js/public/thanks.js, in seconds.
NUMBER_FIRST_PAUSE, NUMBER_PAUSE, NUMBER_TRIES = 0.7, 0.6, 20

_HEADERS = "".join(f"{name}: {value}\r\n" for name, value in BROWSER.items())
_LINK = re.compile(rb"/(?:ko|en)/confirm/[A-Za-z0-9._~-]+")
_KEY = re.compile(rb' data-key="([^"]+)"')

Answered = TypeVar("Answered")


class Failed(Exception):
    """An answer that a person would not have wanted."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    sent: bytes

    @property
    def body(self) -> bytes:
        """Decompressed; most are not looked into."""
        return brotli.decompress(self.sent) if self.headers.get("content-encoding") == "br" else self.sent


@dataclass
class Crowd:
    """Everybody of one replay, and what they met."""

    port: int  #: of nginx
    etag: Path  #: where the newest ETag of the count is kept for those who poll
    first_person: int = 0
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    warm_up_errors: int = 0  #: as many of them were in the warm-up
    begun: int = 0
    thanked: int = 0  #: mails after the one with the link, which thank
    #: When each confirmation was acknowledged, and the count as it was seen.
    confirmed: list[float] = field(default_factory=list)
    seen: list[tuple[float, int]] = field(default_factory=list)
    _mails: dict[bytes, "asyncio.Future[tuple[float, str]]"] = field(default_factory=dict)

    # --- What happens to it ---

    async def arrive(self, rate: float, seconds: float) -> None:
        """`rate` people a second begin, at random moments, however slow the answers are. Returns when all have ended."""
        began = time.monotonic()
        at = 0.0
        people = []
        while (at := at + random.expovariate(rate)) < seconds:
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            people.append(asyncio.create_task(self._person()))
        await asyncio.gather(*people)

    async def watch(self) -> None:
        """Look at the count until cancelled."""
        while True:
            try:
                async with self._line("127.0.0.1") as line:
                    while True:
                        answer = await _or_failed("count", line.ask("GET", COUNT))
                        if answer.status == 200:
                            self.seen.append((time.monotonic(), json.loads(answer.body)["people"]))
                            self.etag.write_text(answer.headers["etag"])
                        if answer.headers.get("connection") == "close":
                            break  # nginx ends each connection after a thousand requests
                        await asyncio.sleep(WATCHING)
            except Failed as error:
                self.errors[f"watching the {error}"] += 1
                await asyncio.sleep(1)

    def forget(self) -> None:
        """Count from here: what was before warmed up. The steps stay in their order, and an error stays an error."""
        self.warm_up_errors = self.errors.total()
        for taken in self.seconds.values():
            taken.clear()
        self.thanked = 0

    @asynccontextmanager
    async def mailbox(self, port: int) -> AsyncIterator[None]:
        server = await asyncio.get_running_loop().create_server(
            lambda: Session(self._delivered), "127.0.0.1", port
        )
        try:
            yield
        finally:
            server.close()  # without waiting for its clients: the worker keeps its connection

    def lags(self, before: int, since: float) -> list[float]:
        """Seconds from each acknowledged confirmation to the first count that has it, for those `since` then."""
        lags, looks = [], iter(sorted(self.seen))
        at, people = next(looks)
        for place, moment in enumerate(sorted(self.confirmed), 1):
            while people < before + place:
                if (look := next(looks, None)) is None:
                    return [*lags, MAX_WAIT]
                at, people = look
            if moment >= since:
                lags.append(max(0.0, at - moment))
        return lags

    # --- One of them ---

    async def _person(self) -> None:
        self.begun += 1
        number = self.first_person + self.begun
        try:
            async with self._line(_address(number)) as line:
                # At a large provider: at a small domain so many would be held. No mail leaves this machine.
                await self._journey(line, f"hong.gildong.{number}@naver.com")
        except Failed as error:
            self.errors[str(error)] += 1

    async def _journey(self, line: "_Line", email: str) -> None:
        await self._step(line, "campaign page", "GET", PAGE)
        await _while(FILLING)
        mail = self._mails[email.encode()] = asyncio.get_running_loop().create_future()
        sent = await self._step(line, "sign", "POST", f"{PAGE}/sign", {**FORM, "email": email}, 303)
        signed_at = time.monotonic()
        waiting = sent.headers["location"]
        await self._step(line, "waiting page", "GET", waiting.partition("#")[0])
        await _while(LEAVING)
        mailed_at, link = await _or_failed("mail", mail)
        self.seconds["mail"].append(mailed_at - signed_at)
        await _while(OPENING)
        shown = await self._step(line, "confirm page", "GET", link)
        await _while(PRESSING)
        pressed = await self._step(line, "confirm", "POST", link, {}, 303)
        self.confirmed.append(time.monotonic())
        key = _KEY.search(shown.body)
        if key is None:
            raise Failed("no key")
        await self._step(line, "thank-you page", "GET", pressed.headers["location"])
        await self._learn_number(line, key[1].decode())

    async def _learn_number(self, line: "_Line", key: str) -> None:
        """As thanks.js."""
        began = time.monotonic()
        await asyncio.sleep(NUMBER_FIRST_PAUSE)
        for tried in range(NUMBER_TRIES):
            answer = await self._step(line, "number", "POST", MINE, {"key": key})
            if "again" not in json.loads(answer.body):
                self.seconds["number shown"].append(time.monotonic() - began)
                return
            await asyncio.sleep(NUMBER_PAUSE * (1 + tried / 4))
        raise Failed("no number")

    async def _step(
        self,
        line: "_Line",
        name: str,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        status: int = 200,
    ) -> Answer:
        began = time.monotonic()
        answer = await _or_failed(name, line.ask(method, path, form))
        self.seconds[name].append(time.monotonic() - began)
        if answer.status != status:
            raise Failed(f"{name} {answer.status}")
        return answer

    @asynccontextmanager
    async def _line(self, address: str) -> AsyncIterator["_Line"]:
        """A kept connection that nginx takes for one from this address."""
        reader, writer = await _or_failed("connecting", asyncio.open_connection("127.0.0.1", self.port))
        try:
            yield _Line(reader, writer, address)
        finally:
            writer.close()

    def _delivered(self, recipient: bytes, mail: bytes) -> None:
        awaited = self._mails.pop(recipient.partition(b"<")[2].partition(b">")[0], None)
        if awaited is None:
            self.thanked += 1
            return
        link = _LINK.search(mail.replace(b"=\r\n", b""))
        if link is not None and not awaited.done():
            awaited.set_result((time.monotonic(), link[0].decode()))


class _Line:
    """One connection of HTTP/1.1, one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        self._reader, self._writer = reader, writer
        self._headers = f"{_HEADERS}X-Forwarded-For: {address}\r\n"

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
        body, more = "", ""
        if form is not None:
            body = urlencode(form)
            more = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{self._headers}{more}\r\n{body}".encode())
        first, *rest = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, colon, value in (line.partition(":") for line in rest)
            if colon
        }
        sent = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(first.split()[1]), headers, sent)


def _address(number: int) -> str:
    """A public address of this person's own, in a network of its own."""
    return f"{20 + number // 62_500 % 60}.{number // 250 % 250}.{number % 250}.7"


async def _while(seconds: tuple[float, float]) -> None:
    await asyncio.sleep(random.uniform(*seconds))


async def _or_failed(name: str, awaited: Awaitable[Answered]) -> Answered:
    """Its result; raises Failed with this name when there is none in time."""
    try:
        async with asyncio.timeout(MAX_WAIT):
            return await awaited
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise Failed(f"{name}: {type(error).__name__}") from error
