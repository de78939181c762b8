"""A limit on how many threads do costly work at once; beyond it a caller gets Busy at once instead of blocking a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """Too much costly work is being done: nothing was done, and trying again in a moment may help."""


class ConcurrencyLimit:
    """At most `running` threads of this process at the work and `waiting` more in the queue; `slot` raises Busy beyond."""

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
