"""A visitor who asks for a page all the time, to see that it stays quick while something else happens."""

import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Self

from tests.support.nginx import Nginx, ask
from tests.support.waiting import TEST_TIMEOUT


@dataclass
class Prober:
    """Asks for a page again and again, once at least; `seconds` of each answer, `failed` for what was no answer."""

    url: str
    nginx: Nginx | None = None  #: through which it asks; `url` is a path then
    pause: float = 0.05
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
            status = self._status()
            if status != 200:
                self.failed.append(str(status))
            self.seconds.append(time.monotonic() - began)
            if self._done.wait(self.pause):
                return

    def _status(self) -> int | str:
        if self.nginx is not None:
            return ask(self.nginx, self.url)[0]
        try:
            with urllib.request.urlopen(self.url, timeout=TEST_TIMEOUT) as answer:
                answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError as error:
            return type(error).__name__

    def is_quick(self, seconds: float, usual: float) -> bool:
        """Nine of ten answers took no longer than that; where the machine is slow, than five times the usual."""
        return self.failed == [] and self.typical < max(seconds, 5 * usual)

    @property
    def typical(self) -> float:
        """Nine of ten answers took no longer."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.9)]
