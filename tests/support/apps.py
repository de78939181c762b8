"""Applications for tests: settings, migrated databases that are copied rather than built, and a checked client."""

import contextvars
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask, current_app
from flask.testing import FlaskClient, FlaskCliRunner
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Connection, Table, event, text
from werkzeug.test import TestResponse

from config import Config
from pledge import create_app
from pledge.abuse import mail_servers
from pledge.core.db import db, migrations, snapshots
from pledge.mail import breaker
from pledge.switches import queries as switches
from pledge.web import limits
from pledge.web.caching import cache
from tests.support import insider
from tests.support.pages import check_page


def settings(instance: Path, **changes: Any) -> Config:
    """Settings for a test. The environment of whoever runs the tests was emptied of PLEDGE_ names by conftest."""
    return Config(
        **{"base_url": "http://localhost", "instance_dir": instance, "log_level": "WARNING", **changes}
    )


def build(instance: Path, **changes: Any) -> Flask:
    """An application whose clients check every page they fetch."""
    app = create_app(settings(instance, **changes))
    app.test_client_class = CheckedClient
    app.test_cli_runner_class = CleanRunner
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache()  # in the folder of the run
    return app


def migrate(url: str, instance: Path) -> None:
    """Bring the database at `url` to the newest migration."""
    app = build(instance, database_url=url)
    with app.app_context():
        migrations.upgrade()
    dispose(app)


def dispose(app: Flask) -> None:
    """Close every connection of the application."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def copy_sqlite(template: Path, target: Path) -> str:
    """A copy of a database that nobody has open; its address."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for written in ("-wal", "-shm"):  # by a test that had a database of this name before
        target.with_name(target.name + written).unlink(missing_ok=True)
    shutil.copyfile(template, target)
    return f"sqlite:///{target}"


class CheckedClient(FlaskClient):
    """Flask's test client that checks every answer (tests/support/pages.py).

    Requests run outside the application context that the test itself has pushed, as they do on a server; and what
    the test has read before is forgotten, so that it sees what the request wrote.
    """

    checked = True

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = contextvars.Context().run(super().open, *args, **kwargs)
        forget_reads(self.application)
        if self.checked:
            check_page(response)
        return response


class CleanRunner(FlaskCliRunner):
    """Runs a command outside the test's own application context, as a shell does."""

    def invoke(self, *args: Any, **kwargs: Any) -> Result:
        result = contextvars.Context().run(super().invoke, *args, **kwargs)
        forget_reads(self.app)
        return result

    def run(self, *words: str, code: int = 0) -> str:
        """What a command writes, which has to end with this exit code."""
        result = self.invoke(args=words)
        assert result.exit_code == code, result.output
        return str(result.output)


def forget_reads(app: Flask) -> None:
    """End the test's own read transaction, if it has one."""
    if current_app and current_app._get_current_object() is app:  # type: ignore[attr-defined]
        db.session.rollback()


def forget_caches(app: Flask) -> None:
    """Empty what the process remembers, as a restart would."""
    with app.app_context():
        cache.clear()
    mail_servers.waiting.clear()
    limits.start_counting(app, app.extensions["pledge.config"])
    snapshots.clear()


def tables() -> list[Table]:
    """All tables, those that are pointed at last."""
    return list(reversed(db.metadata.sorted_tables))


def filled(connection: Connection) -> list[Table]:
    """The tables that somebody has written to; one statement, however the writes were made."""
    known = tables()
    columns = ", ".join(f"EXISTS (SELECT 1 FROM {table.name})" for table in known)
    row = connection.execute(text(f"SELECT {columns}")).one()
    return [table for table, is_filled in zip(known, row, strict=True) if is_filled]


def clean(app: Flask) -> None:
    """Empty the tables. Rolling back is no way here: the hot paths commit on connections of their own.

    Only those with rows: to empty all of them costs more than most tests. What was signed is forgotten, too (ledger/memory.py).
    """
    (app.extensions["pledge.config"].instance_dir / "signed.json").unlink(missing_ok=True)
    with app.app_context():
        db.session.remove()
        with db.engine.connect() as connection:
            dirty = filled(connection)
        if not dirty:
            return
        with db.engine.begin() as connection:
            if db.engine.dialect.name == "postgresql":
                _empty_postgresql(connection, dirty)
            else:
                _empty_sqlite(connection, dirty)


def _empty_postgresql(connection: Connection, dirty: list[Table]) -> None:
    """The guards of what only grows are triggers; only a superuser may step past them, and the tests' role is one.

    A table that others point at cannot be truncated alone, so its few rows are deleted; the rest start anew, with their
    rows in the order in which they come.
    """
    pointed_at = {key.column.table for table in tables() for key in table.foreign_keys}
    alone = ", ".join(table.name for table in dirty if table not in pointed_at)
    orders = [f"TRUNCATE {alone}"] if alone else []
    orders += [f"DELETE FROM {table.name}" for table in dirty if table in pointed_at]
    connection.exec_driver_sql(
        f"BEGIN; SET LOCAL session_replication_role = replica; {'; '.join(orders)}; COMMIT"
    )


def _empty_sqlite(connection: Connection, dirty: list[Table]) -> None:
    with insider.without_triggers(connection, *(table.name for table in dirty)):
        for table in dirty:
            connection.execute(table.delete())


@contextmanager
def count_statements(app: Flask) -> Iterator[list[str]]:
    """The SQL statements that run inside the block; what only begins or ends a transaction is left out.

    with count_statements(app) as statements:
        client.post(...)
    assert len(statements) == 1, statements
    """
    statements: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT")):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
        # Read every few seconds by one request of the process: not by one that is counted.
        switches.current()
        breaker.is_open()
    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", keep)
