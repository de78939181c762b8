"""The hands of somebody who can step past the guards of what only grows: the owner of the database, or of its file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from pledge.core.db import db


@contextmanager
def guards_away() -> Iterator[Connection]:
    """A connection before which no trigger stands; afterwards all stand again."""
    db.session.rollback()
    with db.engine.begin() as connection:
        if db.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("SET session_replication_role = DEFAULT")
            return
        with without_triggers(connection):
            yield connection


@contextmanager
def without_triggers(connection: Connection, *tables: str) -> Iterator[None]:
    """SQLite's way, in the caller's transaction: without the triggers of these tables, or of all when none is named."""
    known = connection.execute(
        text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    ).all()
    away = [trigger for trigger in known if not tables or trigger.tbl_name in tables]
    for trigger in away:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
    yield
    for trigger in away:
        connection.exec_driver_sql(trigger.sql)


def as_superuser(*statements: str, **values: Any) -> None:
    """Run statements with the guards away."""
    with guards_away() as connection:
        for statement in statements:
            connection.execute(text(statement), values)
