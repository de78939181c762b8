"""The mailbox that bounces and complaints come to: by IMAP (RFC 3501), or a maildir on this machine.

Each message is deleted when it was read: it quotes addresses, and all that is kept of it is a status code.
"""

import imaplib
import mailbox
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from pledge.core.networks import is_this_machine
from pledge.mail.bounces.reading import MAX_BYTES

#: Messages read at a time, so that a stopping worker does not wait long.
BATCH = 50
#: Seconds that the server may take for one reply.
TIMEOUT = 15.0

Take = Callable[[bytes], object]
Stop = Callable[[], bool]


class MailboxAway(Exception):
    """The mailbox cannot be read now; the text names no account and nothing that the server said."""


class BadMailboxUrl(ValueError):
    """PLEDGE_BOUNCE_MAILBOX cannot be used; the text says why without quoting it."""


def read(url: str, take: Take, stop: Stop = lambda: False) -> int:
    """Give up to BATCH messages to `take` and delete them; how many there were. Raises MailboxAway, and what `take` raises."""
    done = 0
    with closing(_open(url)) as box:
        with _away():
            numbers = box.keys()
        for number in numbers[:BATCH]:
            if stop():
                break
            with _away():
                message = box.get_bytes(number)
            take(message)
            with _away():
                box.discard(number)
            done += 1
    return done


def waiting(url: str) -> int:
    """How many messages wait; nothing is read or deleted. Raises MailboxAway, BadMailboxUrl."""
    with closing(_open(url)) as box, _away():
        return len(box.keys())


def check(url: str) -> None:
    """Raises BadMailboxUrl when no mailbox can have this address."""
    parts = urlsplit(url)
    if parts.scheme == "maildir" and parts.path.startswith("/") and not parts.netloc:
        return
    if parts.scheme not in ("imaps", "imap") or not (parts.hostname and parts.username and parts.password):
        raise BadMailboxUrl("it must look like imaps://user:password@host/INBOX or maildir:/path")
    if parts.scheme == "imap" and not is_this_machine(parts.hostname):
        raise BadMailboxUrl("a password would travel unencrypted: use imaps://")


class _Imap:
    """Messages by their UID, named as in mailbox.Maildir; deleted ones are marked, and removed by close()."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._client = client
        self._has_deleted = False

    def keys(self) -> list[str]:
        (answer,) = _ok(self._client.uid("SEARCH", "UNDELETED"))
        return answer.decode("ascii").split() if isinstance(answer, bytes) else []

    def get_bytes(self, number: str) -> bytes:
        # The beginning only, without marking it as seen.
        answer = _ok(self._client.uid("FETCH", number, f"(BODY.PEEK[]<0.{MAX_BYTES}>)"))
        return next((part[1] for part in answer if isinstance(part, tuple)), b"")

    def discard(self, number: str) -> None:
        self._has_deleted = True
        _ok(self._client.uid("STORE", number, "+FLAGS.SILENT", r"(\Deleted)"))

    def close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            if self._has_deleted:  # otherwise only what somebody's mail program has marked would be removed
                self._client.expunge()
            self._client.logout()
        with suppress(OSError):
            self._client.shutdown()  # closed already, unless the server went away


def _open(url: str) -> _Imap | mailbox.Maildir:
    check(url)
    parts = urlsplit(url)
    with _away():
        if parts.scheme == "maildir":
            return mailbox.Maildir(parts.path, create=False)
        return _Imap(_connect(url))


def _connect(url: str) -> imaplib.IMAP4:
    parts = urlsplit(url)
    host, user, password = parts.hostname or "", unquote(parts.username or ""), unquote(parts.password or "")
    client: imaplib.IMAP4 = (
        imaplib.IMAP4_SSL(host, parts.port or 993, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
        if parts.scheme == "imaps"
        else imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT)
    )
    try:
        client.login(user, password)
        folder = unquote(parts.path.lstrip("/")) or "INBOX"
        _ok(client.select(f'"{folder}"'))
    except BaseException:
        client.shutdown()
        raise
    return client


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    return data


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (imaplib.IMAP4.error, mailbox.Error, OSError, KeyError) as error:
        raise MailboxAway(type(error).__name__) from None
