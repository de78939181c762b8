"""The hands of somebody who can step past the guards of what only grows: the owner of the database, or of its file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from pledge.db import db


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
def without_triggers(connection: Connection) -> Iterator[None]:
    """SQLite's way, in the caller's transaction."""
    triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def as_superuser(*statements: str, **values: Any) -> None:
    """Run statements with the guards away."""
    with guards_away() as connection:
        for statement in statements:
            connection.execute(text(statement), values)
