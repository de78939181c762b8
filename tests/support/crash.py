"""Stopping a piece of work at a chosen statement, as a killed process or a cut connection would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import event

from pledge.core.db import db


class Crash(Exception):
    """The work ended here."""


class Killed(BaseException):
    """The process ended here: nothing handles it."""


@contextmanager
def before_statement(act: Callable[[int, str], None]) -> Iterator[None]:
    """Call `act(n, sql)` before the n-th statement (from 1) that runs inside the block; COMMIT counts as one."""
    seen = 0

    def note(statement: str) -> None:
        nonlocal seen
        seen += 1
        act(seen, statement)

    def on_execute(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(statement)

    def on_commit(_connection: Any) -> None:
        note("COMMIT")

    engine = db.engine
    event.listen(engine, "before_cursor_execute", on_execute)
    event.listen(engine, "commit", on_commit)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", on_execute)
        event.remove(engine, "commit", on_commit)


@contextmanager
def at_statement(number: int, failure: type[BaseException] = Crash) -> Iterator[None]:
    """Crash right before the statement of this number; nothing happens when there are fewer."""

    def act(seen: int, _statement: str) -> None:
        if seen == number:
            raise failure

    with suppress(failure), before_statement(act):
        yield


def everywhere(act: Callable[[], object], contents: Callable[[], object]) -> int:
    """Crash `act` at its first, second, … statement until it gets through; how many crashes there were.

    None of them may change the `contents` of the database.
    """
    before = contents()
    for number in range(1, 80):
        finished = False
        with at_statement(number, Killed):
            act()
            finished = True
        if finished:
            return number - 1
        assert contents() == before, f"a crash at statement {number} left something behind"
    raise AssertionError("more statements than any use case should need")
