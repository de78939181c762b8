"""A value of the database that every request needs: read every few seconds by one of them, kept in the process."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pledge.core import clock
from pledge.core.db import db
from pledge.core.logs import log

T = TypeVar("T")


@dataclass
class _SnapshotValue(Generic[T]):
    """What one process last read of one database."""

    value: T | None = None
    read_at: float = 0.0
    reading: threading.Lock = field(default_factory=threading.Lock)


class Snapshot(Generic[T]):
    """What a function reads from the database, at most so many seconds old; no query while that lasts.

    One caller reads anew while the others go on with what is there. When the database does not answer, the last value
    holds; a process that never had one goes by `default`.
    """

    def __init__(self, name: str, default: Callable[[], T], seconds: float) -> None:
        self._name, self._default, self._seconds = name, default, seconds
        self._of: WeakKeyDictionary[Engine, _SnapshotValue[T]] = WeakKeyDictionary()

    def current(self, read: Callable[[], T]) -> T:
        kept = self._of.setdefault(db.engine, _SnapshotValue())
        if kept.value is not None and self._is_fresh(kept):
            return kept.value
        if kept.reading.acquire(blocking=kept.value is None):
            try:
                self._refresh(kept, read)
            finally:
                kept.reading.release()
        return self._default() if kept.value is None else kept.value

    def forget(self) -> None:
        """Drop the values of this process."""
        self._of.clear()

    def _is_fresh(self, kept: _SnapshotValue[T]) -> bool:
        return clock.monotonic() - kept.read_at < self._seconds

    def _refresh(self, kept: _SnapshotValue[T], read: Callable[[], T]) -> None:
        if kept.value is not None and self._is_fresh(kept):
            return  # somebody else did while we waited
        try:
            kept.value = read()
        except SQLAlchemyError as error:
            log.warning(f"{self._name} not read", kind=type(error).__name__)
            kept.value = self._default() if kept.value is None else kept.value
        # Also after a failure: the next try may wait, each costs its caller the time that the database lets us hang.
        kept.read_at = clock.monotonic()
