"""The hands of somebody inside: the owner of the database or its file, who can step past the guards, and on PostgreSQL a thief
with the role of the web server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import Connection, text

from config import current_config
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


def forget_what_was_signed() -> None:
    """Remove the worker's memory, the file outside the database (ledger/memory.py)."""
    (current_config().instance_dir / "signed.json").unlink()


#: Of web server, worker and owner (deploy/postgresql-roles.sql).
ROLES = ("pledge", "pledge_worker", "pledge_owner")


@dataclass(frozen=True)
class ThreeRoles:
    """Applications on one database, each with the role that it has in production."""

    web: Flask
    worker: Flask
    owner: Flask
