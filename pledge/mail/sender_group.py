"""What the senders of one process share: they take mails in turns, and mark together what they have sent."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from pledge.core import clock
from pledge.core.db import NotDurable
from pledge.mail import queries
from pledge.mail.message import Claimed

DATABASE_ERRORS = (SQLAlchemyError, NotDurable)

#: Seconds between tries to mark a mail while the database is away, as in a restart.
_RETRY_PAUSES = (0.1, 0.4, 1.0, 2.0)


class Turns:
    """Senders take their mails one after the other. When nothing is due, nobody asks again for `pause` seconds, so that idle
    senders ask as often as one would, and what comes meanwhile is taken together.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._next_look = 0.0

    def take(self, claim: Callable[[], list[Claimed]]) -> list[Claimed]:
        """What `claim` gives, alone with it; nothing within the pause. Never waits for the pause to end."""
        with self._lock:
            if clock.monotonic() < self._next_look:
                return []
            mails = claim()
            if not mails:
                self._next_look = clock.monotonic() + self._pause
            return mails


class Marks:
    """Marks each mail as sent before its sender begins the next, several senders' mails in one statement.

    A group commit: whoever holds the lock writes for all who wait for it. So no more mails are unmarked at any moment than
    there are senders, and they do not wait for the disk one after another.
    """

    def __init__(self) -> None:
        self._flush_lock = threading.Lock()
        self._waiting: list[Claimed] = []  # appending to and slicing a list is atomic

    def sent(self, mail: Claimed) -> None:
        self._waiting.append(mail)
        with self._flush_lock:
            if mail not in self._waiting:
                return  # written by whoever held the lock before
            together = self._waiting[:]
            try:
                retry_write(lambda: queries.sent(together))
            except DATABASE_ERRORS:
                self._waiting.remove(mail)  # the others try for themselves
                raise
            del self._waiting[: len(together)]


@dataclass(frozen=True)
class SenderGroup:
    """What senders share that work side by side in one process."""

    turns: Turns = field(default_factory=Turns)
    marks: Marks = field(default_factory=Marks)


def retry_write(write: Callable[[], object]) -> None:
    """Try a write again for some seconds: losing it would send a mail twice or let it wait for its lease."""
    for pause in _RETRY_PAUSES:
        try:
            write()
            return
        except DATABASE_ERRORS:
            time.sleep(pause)
    write()
