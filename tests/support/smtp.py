"""A real SMTP server that behaves as a test says: obedient, slow, refusing, hanging or dropping the line.

with SmtpServer() as server:
    server.behave(at_recipient="451 4.3.0 try again later", times=1)
    ...
    assert server.recipients() == ["hong@example.org"]
"""

import asyncio
import threading
import time
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


def part(mail: EmailMessage | bytes, kind: str) -> str:
    """The text of the `plain` or `html` part."""
    mail = read(mail) if isinstance(mail, bytes) else mail
    body = mail.get_body(preferencelist=(kind,))
    assert body is not None, f"no {kind} part"
    return str(body.get_content())


@dataclass(frozen=True)
class Received:
    """One message that the server has taken, whether or not its reply arrived."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    is_answered: bool = True  #: the server has said that it took it
    at: float = field(default_factory=time.monotonic)

    @property
    def message(self) -> EmailMessage:
        return read(self.content)

    def part(self, kind: str) -> str:
        return part(self.message, kind)


@dataclass
class Behaviour:
    """What happens to the next mails. Replies are whole SMTP lines, like `550 5.1.1 no such user`."""

    at_sender: str | None = None
    at_recipient: str | None = None
    at_data: str | None = None
    #: Seconds before the reply to DATA.
    delay: float = 0
    #: Never reply to DATA.
    hang: bool = False
    #: Take the mail, then close the connection in place of the reply.
    drop_after_data: bool = False
    #: Only mails to these addresses are met like this; empty means all.
    only: frozenset[str] = frozenset()
    #: How many mails are met like this; None means all.
    times: int | None = None

    def applies_to(self, address: str) -> bool:
        return self.times != 0 and (not self.only or address in self.only)

    def used(self) -> None:
        if self.times is not None:
            self.times -= 1


@dataclass
class SmtpServer:
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    behaviour: Behaviour = field(default_factory=Behaviour)
    #: Addresses that are refused for good, whatever the behaviour.
    unknown: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._released = threading.Event()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def start(self) -> Self:
        self._released.clear()
        self._controller = Controller(
            _Handler(self),
            hostname=self.host,
            port=self.port,
            enable_SMTPUTF8=True,
            ready_timeout=TEST_TIMEOUT,
        )
        self._controller.start()
        return self

    def stop(self) -> None:
        self._released.set()
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def behave(self, *, only: tuple[str, ...] = (), times: int | None = None, **changes: Any) -> None:
        """Set how the next mails are met; without words, as an obedient server."""
        self._released.set()
        self._released = threading.Event()
        self.behaviour = Behaviour(only=frozenset(only), times=times, **changes)

    def recipients(self) -> list[str]:
        return [address for mail in self.received for address in mail.recipients]

    def mails_to(self, address: str) -> list[Received]:
        return [mail for mail in self.received if address in mail.recipients]

    def clear(self) -> None:
        self.received.clear()
        self.connections = 0
        self.behave()


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.server.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self.server.behaviour.at_sender:
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.server.unknown:
            return "550 5.1.1 no such user"
        behaviour = self.server.behaviour
        if behaviour.at_recipient and behaviour.applies_to(address):
            behaviour.used()
            return behaviour.at_recipient
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        behaviour, released = self.server.behaviour, self.server._released
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        if not any(behaviour.applies_to(address) for address in mail.recipients):
            self.server.received.append(mail)
            return "250 2.0.0 taken"
        behaviour.used()
        if behaviour.at_data:
            return behaviour.at_data
        if behaviour.delay:
            await asyncio.sleep(behaviour.delay)
        if behaviour.hang:
            while not released.is_set() and not server.transport.is_closing():  # noqa: ASYNC110  # set by a thread
                await asyncio.sleep(0.02)
            server.transport.abort()
            return "421 4.3.2 gone"
        self.server.received.append(replace(mail, is_answered=not behaviour.drop_after_data))
        if behaviour.drop_after_data:
            server.transport.abort()
        return "250 2.0.0 taken"
