"""Alembic's entry: migrates the database of the application that runs the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from pledge.core.db import migrations

database = current_app.extensions["migrate"].db
options: dict[str, Any] = dict(current_app.extensions["migrate"].configure_args)
#: Who may do what, where there are roles for it.
GRANTS = Path(__file__).with_name("grants.sql")
is_sqlite = database.engine.dialect.name == "sqlite"


@contextmanager
def references_rest(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew; what refers to it must not notice (sqlite.org/lang_altertable.html §7)."""
    if not is_sqlite:
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")  # before BEGIN: inside a transaction it does nothing
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def refuse_lost_references(connection: Connection) -> None:
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first() if is_sqlite else None
    if lost:
        raise SystemExit(f"Nothing is migrated: a row would lose what it refers to: {tuple(lost)}")


@contextmanager
def waits_end_soon(connection: Connection) -> Iterator[None]:
    """Requests queue behind a migration that waits for a table, so it gives up before they notice."""
    if is_sqlite:
        yield
        return
    connection.exec_driver_sql(f"SET lock_timeout = '{migrations.LOCK_TIMEOUT}'")
    # Reading a large table for an index takes as long as it takes; nobody waits for that.
    connection.exec_driver_sql("SET statement_timeout = 0")
    connection.commit()
    try:
        yield
    finally:
        connection.invalidate()  # the setting ends with this connection


@contextmanager
def telling_who_is_in_the_way() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != "55P03":  # lock_not_available
            raise
        raise SystemExit(
            "The migration stopped: another transaction (a backup, an export) uses a table that it changes. "
            "Nothing is lost; run it again when that has ended."
        ) from None


def run_migrations() -> None:
    # The application's own connections commit each statement; a migration is all or nothing, but for the steps of
    # pledge/core/db/migrations.py.
    whole = {} if is_sqlite else {"isolation_level": "READ COMMITTED"}
    with (
        database.engine.connect().execution_options(**whole) as connection,
        references_rest(connection),
        telling_who_is_in_the_way(),
        waits_end_soon(connection),
    ):
        # Alembic assumes that SQLite has no transactional DDL; here it has (pledge/core/db/__init__.py begins it).
        options.setdefault("transactional_ddl", True)
        options.setdefault("transaction_per_migration", not is_sqlite)
        context.configure(connection=connection, target_metadata=database.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()
            refuse_lost_references(connection)
        if not is_sqlite:  # always, so that no table is without its grants
            connection.exec_driver_sql(GRANTS.read_text("utf-8"))
            connection.commit()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a live database only: name it in PLEDGE_DATABASE_URL.")
run_migrations()
