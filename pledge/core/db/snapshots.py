"""Values from the database that a process caches for some seconds; one of its callers refreshes them."""

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
    """The value that this process last read from one database."""

    value: T
    read_at: float | None = None  #: None: never
    reading: threading.Lock = field(default_factory=threading.Lock)


_snapshots: WeakSet["Snapshot[Any]"] = WeakSet()


def clear() -> None:
    """Clear every cached value of this process, as a restart would."""
    for snapshot in _snapshots:
        snapshot.clear()


class Snapshot(Generic[T]):
    """The result of a function that reads from the database, cached for so many seconds.

    One caller refreshes the value; the others keep using the old one. When the database does not answer, the last value stays,
    or `default` where there has been none.
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
                if not self._is_fresh(entry):  # no other thread refreshed it meanwhile
                    self._refresh(entry, read)
            finally:
                entry.reading.release()
        return entry.value

    def clear(self) -> None:
        """Clear the cached value."""
        self._values.clear()

    def _is_fresh(self, entry: _SnapshotValue[T]) -> bool:
        return entry.read_at is not None and clock.monotonic() - entry.read_at < self._seconds

    def _refresh(self, entry: _SnapshotValue[T], read: Callable[[], T]) -> None:
        try:
            entry.value = read()
        except SQLAlchemyError as error:
            log.warning(f"{self._name} not read", kind=type(error).__name__)
        # Also after a failure: each further try would block its caller for as long as the database hangs.
        entry.read_at = clock.monotonic()
