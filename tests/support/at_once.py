"""Acts at the same moment, each in a thread of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.waiting import wait_until


def at_once(app: Flask, *acts: Callable[[], Any], expected: tuple[type[Exception], ...] = ()) -> list[Any]:
    """What each act returned, or which of the `expected` exceptions it raised; any other one is the test's failure."""
    start = Barrier(len(acts), timeout=60)

    def one(act: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait()
            try:
                return act()
            except expected as error:
                return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def posted(app: Flask, path: str, form: dict[str, Any] | None = None) -> TestResponse:
    """The answer to a form, once it is admitted."""
    return admitted(lambda: app.test_client().post(path, data=form))


def admitted(ask: Callable[[], TestResponse]) -> TestResponse:
    """The answer to a request. One that admission refuses, as too many come at once, is sent again until it is taken."""

    def taken() -> TestResponse | None:
        reply = ask()
        is_refused = (
            reply.status_code == 503 and reply.mimetype == "text/plain"
        )  # the application's own 503 is a page
        return None if is_refused else reply

    return wait_until(taken, "refused again and again", pause=0.1)
