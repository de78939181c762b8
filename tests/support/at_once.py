"""Acts at the same moment, each in a thread of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask


def at_once(app: Flask, *acts: Callable[[], Any], expected: tuple[type[Exception], ...] = ()) -> list[Any]:
    """What each act returned, or which of the `expected` exceptions it raised; any other one is the test's failure."""
    start = Barrier(len(acts), timeout=60)

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait()
            try:
                return act()
            except expected as error:
                return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
