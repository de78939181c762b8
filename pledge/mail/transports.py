"""Where mails go: an SMTP server or the mailbox of a development machine, and the three ways in which that can fail.

SMTP on one kept-open connection (RFC 5321), telling apart whose fault a failure is:

* refused recipient or body: the recipient's or the mail's (5xx for good, 4xx for now);
* refused connection, TLS, login or sender: ours, so never for good (ServerUnavailable);
* silent or gone: for now. smtplib does not tell whether the body was on its way, so the server may have taken the mail: the
  copy that follows has the same Message-ID. A kept connection that turns out to be closed costs no pause: the mail goes out
  once more at once, over a new one.

Codes never carry the server's text: it may quote an address.
"""

import secrets
import smtplib
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from pledge.core.networks import is_this_machine
from pledge.mail.bounces import reading
from pledge.mail.models import Returned

#: How many mails the on-machine mailbox keeps.
MAX_KEPT = 1000

#: Larger than any count of nanoseconds that a clock will show, so that the newest file sorts first.
_FAR_AHEAD = 10**19


class MailRefused(Exception):
    """A mail did not go out; `code` says why in a few letters, like `4xx 451` or `timeout`."""

    def __init__(self, code: str, returned: Returned | None = None, status: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.returned = returned
        self.status = status  #: enhanced status code (RFC 3463), where the server gave one


class TemporaryFailure(MailRefused):
    """Trying again later may help."""


class ServerUnavailable(TemporaryFailure):
    """The server takes no mail at all now, whoever it is for: it is unreachable, or it refuses us."""


class PermanentFailure(MailRefused):
    """This recipient or this mail is refused for good."""


class Transport(Protocol):
    def send(self, to: str, message: bytes, return_path: str = "") -> None:
        """Hand one mail over; bounces go to `return_path`, "": to the sender of all mails.

        Raises TemporaryFailure, ServerUnavailable or PermanentFailure.
        """

    def close(self) -> None:
        """Let go of connections; `send` may be called again afterwards."""


class MailboxTransport:
    """The mailbox of a development machine: one .eml file for each mail, shown under /dev/mailbox."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, to: str, message: bytes, return_path: str = "") -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # The machine's own time, not pledge.core.clock: the order of arrival stays when a test moves the clock.
        stem = f"{_FAR_AHEAD - time.time_ns():019d}-{secrets.token_hex(4)}"
        unfinished = self._folder / f"{stem}.part"
        unfinished.write_bytes(message)
        unfinished.rename(unfinished.with_suffix(".eml"))
        for old in sorted(self._folder.glob("*.eml"))[MAX_KEPT:]:
            old.unlink(missing_ok=True)

    def close(self) -> None:
        pass


#: Seconds that a server may take for one reply. Stopping a worker takes up to this long.
TIMEOUT = 10.0

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_TIMEOUT, _DROPPED = "timeout", "dropped"
_CLOSING = 421  #: the server ends the connection, at any step (RFC 5321 section 3.8)
_NOT_AUTHENTICATED = 530  #: RFC 4954: our login is missing, whatever the step


class BadSmtpUrl(ValueError):
    """PLEDGE_SMTP_URL cannot be used; the text says why without quoting it."""


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    scheme: str
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "Server":
        """smtp://, smtp+starttls:// (or smtp://…?starttls=1) or smtps://, with user:password@ where needed."""
        parts = urlsplit(url)
        scheme = parts.scheme
        if scheme == "smtp" and parse_qs(parts.query).get("starttls", ["0"]) != ["0"]:
            scheme = "smtp+starttls"
        if scheme not in _PORTS or not parts.hostname:
            raise BadSmtpUrl("it must look like smtp+starttls://user:password@host:port")
        try:
            port = parts.port or _PORTS[scheme]
        except ValueError:
            raise BadSmtpUrl("its port is not a number up to 65535") from None
        if parts.username and scheme == "smtp" and not is_this_machine(parts.hostname):
            raise BadSmtpUrl("a password would travel unencrypted: use smtp+starttls:// or smtps://")
        user = unquote(parts.username) if parts.username else None
        return cls(parts.hostname, port, scheme, user, unquote(parts.password or ""))


class SmtpTransport:
    """One connection, opened when first needed and kept. Not for several threads: give each its own."""

    def __init__(self, url: str, sender: str, helo: str, timeout: float = TIMEOUT) -> None:
        self._server = Server.parse(url)
        self._sender = sender
        self._helo = helo
        self._timeout = timeout
        self._client: smtplib.SMTP | None = None

    def send(self, to: str, message: bytes, return_path: str = "") -> None:
        is_kept, sender = self._client is not None, return_path or self._sender
        try:
            self._hand_over(sender, to, message)
        except TemporaryFailure as refusal:
            # A connection that lay idle has often been closed by the server; that is no failure yet.
            if not is_kept or refusal.code != _DROPPED:
                raise
            self._hand_over(sender, to, message)

    def check(self) -> None:
        """Connect, greet, encrypt and log in, then hang up; no mail is sent. Raises ServerUnavailable."""
        self._connect()
        self.close()

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _hand_over(self, sender: str, to: str, message: bytes) -> None:
        client = self._client or self._connect()
        try:
            client.sendmail(sender, [to], message)
        except (smtplib.SMTPException, OSError) as error:
            refusal = _refusal(error)
            if isinstance(refusal, ServerUnavailable) or refusal.code in (_DROPPED, _TIMEOUT):
                self.close()
            raise refusal from None

    def _connect(self) -> smtplib.SMTP:
        client: smtplib.SMTP | None = None
        try:
            client = self._open()
            client.ehlo_or_helo_if_needed()
            if self._server.scheme == "smtp+starttls":
                client.starttls(context=ssl.create_default_context())
            if self._server.user is not None:
                client.login(self._server.user, self._server.password or "")
        except (smtplib.SMTPException, OSError) as error:
            if client is not None:
                client.close()
            raise ServerUnavailable(_connection_fault(error)) from None
        self._client = client
        return client

    def _open(self) -> smtplib.SMTP:
        # A name to greet with is given: smtplib would ask DNS for one, which may hang.
        host, port, helo = self._server.host, self._server.port, self._helo
        if self._server.scheme != "smtps":
            return smtplib.SMTP(host, port, helo, timeout=self._timeout)
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, helo, timeout=self._timeout, context=context)


def _refusal(error: Exception) -> TemporaryFailure | PermanentFailure:
    reply: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, reply),) = error.recipients.values()
    elif isinstance(error, smtplib.SMTPResponseException):
        code, reply = error.smtp_code, error.smtp_error
    else:
        return TemporaryFailure(_TIMEOUT if _is_timeout(error) else _DROPPED)
    if code == _CLOSING:
        return ServerUnavailable(_DROPPED)
    if isinstance(error, smtplib.SMTPSenderRefused) or code == _NOT_AUTHENTICATED:
        return ServerUnavailable(_words(code))
    if code < 500:
        return TemporaryFailure(_words(code))
    status = reading.status_code(reply.decode(errors="replace") if isinstance(reply, bytes) else reply)
    return PermanentFailure(_words(code), reading.status_meaning(status, permanent=True), status)


def _words(code: int) -> str:
    return f"{code // 100}xx {code}" if code >= 400 else "protocol"


def _connection_fault(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code)
    if _is_timeout(error):
        return _TIMEOUT
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "unsupported"
    return _DROPPED if isinstance(error, smtplib.SMTPServerDisconnected) else "unreachable"


def _is_timeout(error: BaseException) -> bool:
    """smtplib turns a timeout into "disconnected"; what it really was is the error's context."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
