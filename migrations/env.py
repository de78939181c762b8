"""Alembic's entry: migrates the database of the application that runs the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

database = current_app.extensions["migrate"].db
options: dict[str, Any] = dict(current_app.extensions["migrate"].configure_args)
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


def run_migrations() -> None:
    # The application's own connections commit each statement; a migration is all or nothing.
    whole = {} if is_sqlite else {"isolation_level": "READ COMMITTED"}
    with (
        database.engine.connect().execution_options(**whole) as connection,
        references_rest(connection),
    ):
        # Alembic assumes that SQLite has no transactional DDL; here it has (pledge/core/db/__init__.py begins it).
        options.setdefault("transactional_ddl", True)
        context.configure(connection=connection, target_metadata=database.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()
            refuse_lost_references(connection)


if context.is_offline_mode():
    raise SystemExit("Migrations run against a live database only: name it in PLEDGE_DATABASE_URL.")
run_migrations()
