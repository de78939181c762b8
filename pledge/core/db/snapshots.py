"""Values that a process keeps of the database: read every few seconds by one of those who need them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pledge.core import clock
from pledge.core.db import db
from pledge.core.logs import log

T = TypeVar("T")


@dataclass
class _SnapshotValue(Generic[T]):
    """What one process last read of one database."""

    value: T
    read_at: float | None = None  #: None: never
    reading: threading.Lock = field(default_factory=threading.Lock)


_snapshots: WeakSet["Snapshot[Any]"] = WeakSet()


def clear() -> None:
    """Drop all that this process keeps, as a restart would."""
    for snapshot in _snapshots:
        snapshot.clear()


class Snapshot(Generic[T]):
    """What a function reads from the database, at most so many seconds old; no query while that lasts.

    One caller reads anew while the others go on with what is there. When the database does not answer, the last value
    holds; a process that never had one goes by `default`.
    """

    def __init__(self, name: str, default: Callable[[], T], seconds: float) -> None:
        self._name, self._default, self._seconds = name, default, seconds
        self._values: WeakKeyDictionary[Engine, _SnapshotValue[T]] = WeakKeyDictionary()
        _snapshots.add(self)

    def current(self, read: Callable[[], T]) -> T:
        entry = self._values.get(db.engine)
        if entry is None:
            entry = self._values.setdefault(db.engine, _SnapshotValue(self._default()))
        if not self._is_fresh(entry) and entry.reading.acquire(blocking=entry.read_at is None):
            try:
                if not self._is_fresh(entry):  # nobody else read while we waited
                    self._refresh(entry, read)
            finally:
                entry.reading.release()
        return entry.value

    def clear(self) -> None:
        """Drop what this process keeps of it."""
        self._values.clear()

    def _is_fresh(self, entry: _SnapshotValue[T]) -> bool:
        return entry.read_at is not None and clock.monotonic() - entry.read_at < self._seconds

    def _refresh(self, entry: _SnapshotValue[T], read: Callable[[], T]) -> None:
        try:
            entry.value = read()
        except SQLAlchemyError as error:
            log.warning(f"{self._name} not read", kind=type(error).__name__)
        # Also after a failure: the next try may wait, each costs its caller the time that the database lets us hang.
        entry.read_at = clock.monotonic()
