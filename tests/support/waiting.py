"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

#: Seconds, enough for a slow machine that does other things beside. What comes sooner is not waited for any longer.
TEST_TIMEOUT = 60.0


def wait_until(
    look: Callable[[], Found | None],
    problem: str | Callable[[], str] = "",
    seconds: float = TEST_TIMEOUT,
    *,
    pause: float = 0.02,
) -> Found:
    """The first true result of `look`, which is called again after each pause; AssertionError with the problem after `seconds`."""
    end = time.monotonic() + seconds
    while not (result := look()):
        if time.monotonic() > end:
            raise AssertionError((problem if isinstance(problem, str) else problem()) or "it never happened")
        time.sleep(pause)
    return result
