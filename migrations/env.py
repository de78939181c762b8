"""Alembic's entry: migrates the database of the application that runs the command."""

from typing import Any

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db
options: dict[str, Any] = dict(current_app.extensions["migrate"].configure_args)


def run_migrations() -> None:
    # The application's own connections commit each statement; a migration is all or nothing.
    whole = {} if database.engine.dialect.name == "sqlite" else {"isolation_level": "READ COMMITTED"}
    with database.engine.connect().execution_options(**whole) as connection:
        context.configure(connection=connection, target_metadata=database.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a live database only: name it in PLEDGE_DATABASE_URL.")
run_migrations()
