"""Alembic's entry: migrates the database of the application that runs the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

database = current_app.extensions["migrate"].db
options: dict[str, Any] = dict(current_app.extensions["migrate"].configure_args)


@contextmanager
def references_rest(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew; what refers to it must not notice (sqlite.org/lang_altertable.html §7)."""
    if database.engine.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        lost = driver.execute("PRAGMA foreign_key_check").fetchall()
        if lost:
            raise SystemExit(
                f"Rows lost what they refer to: {lost[:5]}. Restore the copy from before the migration."
            )
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run_migrations() -> None:
    # The application's own connections commit each statement; a migration is all or nothing.
    whole = {} if database.engine.dialect.name == "sqlite" else {"isolation_level": "READ COMMITTED"}
    with database.engine.connect().execution_options(**whole) as connection, references_rest(connection):
        context.configure(connection=connection, target_metadata=database.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a live database only: name it in PLEDGE_DATABASE_URL.")
run_migrations()
