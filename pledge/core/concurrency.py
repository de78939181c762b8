"""Limit how many threads do costly work at once. Beyond the limit a caller gets Busy instead of blocking its thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """Too much costly work is in progress. Nothing was done; trying again in a moment may help."""


class ConcurrencyLimit:
    """At most `running` threads of this process work and `waiting` more queue for it; beyond that, `slot` raises Busy."""

    def __init__(self, running: int, waiting: int) -> None:
        self._admitted = threading.BoundedSemaphore(running + waiting)
        self._running = threading.BoundedSemaphore(running)

    @contextmanager
    def slot(self) -> Iterator[None]:
        if not self._admitted.acquire(blocking=False):
            raise Busy
        try:
            with self._running:
                yield
        finally:
            self._admitted.release()
