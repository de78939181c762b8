"""Visitors who ask all the time: one, to see that a page stays quick while something else happens, or many at once."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from tests.support.nginx import Nginx, ask


@dataclass
class Prober:
    """Asks for a page again and again, once at least; `seconds` of each answer, `failed` for what was no answer."""

    path: str
    nginx: Nginx  #: through which it asks
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            status = ask(self.nginx, self.path)[0]
            if status != 200:
                self.failed.append(str(status))
            self.seconds.append(time.monotonic() - began)
            if self._done.wait(0.05):
                return

    def is_quick(self, seconds: float, usual: float) -> bool:
        """Nine of ten answers took no longer than that; where the machine is slow, than five times the usual."""
        return self.failed == [] and self.typical < max(seconds, 5 * usual)

    @property
    def typical(self) -> float:
        """Nine of ten answers took no longer."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.9)]


@contextmanager
def flood(senders: int, send: Callable[[], Any], pause: float = 0.5) -> Iterator[list[Any]]:
    """Many at once, again and again; what they met. `send` asks once and gives what came of it.

    Each pauses between its requests: the threads share this process with whoever measures how quick the site is.
    """
    stop, met = threading.Event(), []

    def run() -> None:
        while not stop.wait(pause):
            met.append(send())

    with ThreadPoolExecutor(senders) as pool:
        running = [pool.submit(run) for _ in range(senders)]
        try:
            yield met
        finally:
            stop.set()
    for process in running:
        process.result()
