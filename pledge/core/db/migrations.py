"""Migrations by Flask-Migrate, and helpers to change a large table while people sign.

On PostgreSQL nobody waits longer than LOCK_TIMEOUT: indexes are built concurrently, constraints validated later, rows changed in
batches. Each step commits by itself, and an interrupted migration starts again from its beginning. So these functions may be
repeated, and what may not be repeated comes last. SQLite, with one writer, changes a table at once.
tests/house/test_migration_locks.py refuses migrations that hold locks for long.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import flask_migrate
from alembic import op
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Column, Connection, text

from config import ROOT
from pledge.core.db import db

MIGRATIONS = ROOT / "migrations"


class UnknownRevision(Exception):
    """Another version of the site made this database. `str()` says what to do."""


#: Tables and columns that the previous version reads until it is restarted. A later migration drops them.
LEFT = frozenset({"mail_servers", "deliveries.answer", "deliveries.answered_at"})


def _is_compared(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
    return (f"{parents['table_name']}.{name}" if kind == "column" else name) not in LEFT


#: How the database is compared with the models.
COMPARED = {"compare_type": True, "include_name": _is_compared}


def init_app(app: Flask) -> None:
    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, **COMPARED)


def upgrade() -> None:
    """Upgrade the database to the newest migration. Raises UnknownRevision."""
    with db.engine.connect() as connection:
        refuse_unknown_revision(connection)
    flask_migrate.upgrade()


def refuse_unknown_revision(connection: Connection) -> None:
    """Raise UnknownRevision if the database is at a revision that has no migration here."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if current is None or current in known:
        return
    start_anew = (
        f"move the file {db.engine.url.database} away"
        if db.engine.dialect.name == "sqlite"
        else "name an empty database in PLEDGE_DATABASE_URL"
    )
    raise UnknownRevision(
        f"the database is at revision {current}, which this version does not know: another version made it. "
        f"Go on with that version, or start anew: {start_anew}"
    )


#: How long a migration waits for a lock on a table. Everybody else queues behind it, so it gives up soon.
#: Longer than `deadlock_timeout` (1 s), after which an autovacuum gives way.
LOCK_TIMEOUT = "1500ms"
#: Rows changed by one statement.
BATCH = 10_000


def add_column(table: str, column: Column[Any]) -> None:
    """Add a column if it is missing. A default must be a constant, or PostgreSQL rewrites the table."""
    op.add_column(table, column, if_not_exists=_is_postgresql() or None)


def create_index(
    name: str, table: str, columns: Sequence[str], *, where: str | None = None, unique: bool = False
) -> None:
    """Create an index. One of the same name stays in use until the new one is ready."""
    condition = None if where is None else text(where)
    if not _is_postgresql():
        op.drop_index(name, table_name=table, if_exists=True)
        op.create_index(name, table, columns, unique=unique, sqlite_where=condition)
        return
    new = f"{name}_new"
    with _each_commits(), waiting_for_readers():
        op.drop_index(new, table_name=table, if_exists=True, postgresql_concurrently=True)
        op.create_index(
            new, table, columns, unique=unique, postgresql_where=condition, postgresql_concurrently=True
        )
    # In one transaction, which the next step commits: the unique index must never be missing.
    op.drop_index(name, table_name=table, if_exists=True)
    op.execute(f"ALTER INDEX {new} RENAME TO {name}")


def drop_index(name: str, table: str) -> None:
    if not _is_postgresql():
        op.drop_index(name, table_name=table)
        return
    with _each_commits(), waiting_for_readers():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)


def replace_check(table: str, name: str, rule: str) -> None:
    """Replace or add a check constraint. SQLite rebuilds the table, with its other named checks."""
    if _is_postgresql():
        with _each_commits():
            drop = f"DROP CONSTRAINT IF EXISTS {name}"
            op.execute(f"ALTER TABLE {table} {drop}, ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID")
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        return
    with op.batch_alter_table(table) as batch:
        batch.create_check_constraint(op.f(name), rule)


def in_batches(statement: str) -> None:
    """Repeat an UPDATE or DELETE of the rows `IN (SELECT … LIMIT {BATCH})` until none is left."""
    with _each_commits():
        while op.get_bind().execute(text(statement)).rowcount:
            continue


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _each_commits() -> AbstractContextManager[None]:
    """Run the block in autocommit; no effect on SQLite."""
    return op.get_context().autocommit_block() if _is_postgresql() else nullcontext()


@contextmanager
def waiting_for_readers() -> Iterator[None]:
    """Allow long waits: a concurrent build waits for earlier transactions, and blocks nobody."""
    op.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
