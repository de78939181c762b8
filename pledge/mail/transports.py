"""Where mails go, and the three ways in which that can fail. Codes never carry the server's text: it may quote an address."""

import secrets
import time
from pathlib import Path
from typing import Protocol

from pledge.mail.models import Returned

#: How many mails the on-machine mailbox keeps.
MAX_KEPT = 1000

#: Larger than any count of nanoseconds that a clock will show, so that the newest file sorts first.
_FAR_AHEAD = 10**19


class MailRefused(Exception):
    """A mail did not go out; `code` says why in a few letters, like `4xx 451` or `timeout`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TemporaryFailure(MailRefused):
    """Trying again later may help."""


class ServerUnavailable(TemporaryFailure):
    """The server takes no mail at all now, whoever it is for: it is unreachable, or it refuses us."""


class PermanentFailure(MailRefused):
    """This recipient or this mail is refused for good."""

    def __init__(self, code: str, returned: Returned = Returned.REFUSED, status: str | None = None) -> None:
        super().__init__(code)
        self.returned = returned
        self.status = status  #: enhanced status code (RFC 3463), where the server gave one


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
