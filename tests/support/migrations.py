"""What migrations lead to, what each does on PostgreSQL, and which of it would keep people waiting on a large site."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event

from pledge.core.db import db
from pledge.core.db.migrations import COMPARED

#: Tables with a row for each campaign, text, file or member of staff. Every other table may have millions.
SMALL = frozenset(
    {
        "alembic_version",
        "campaign_events",
        "campaigns",
        "deliveries",
        "invalidations",
        "news",
        "partners",
        "pledge_texts",
        "sister_campaigns",
        "staff",
        "staff_roles",
        "stored_files",
        "switches",
    }
)

_STAMP = re.compile(
    r"(?:UPDATE alembic_version SET version_num=|INSERT INTO alembic_version .*VALUES \()'(\d+)'"
)
_NAME = r'(?:ONLY )?"?(?P<table>\w+)"?'
_RULES = (
    (rf"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY).* ON {_NAME}", "an index that is not built concurrently"),
    (
        rf"ALTER TABLE {_NAME} .*ADD (CONSTRAINT|CHECK|FOREIGN|UNIQUE|PRIMARY|EXCLUDE)(?!.*NOT VALID)",
        "a constraint without NOT VALID",
    ),
    (rf"ALTER TABLE {_NAME} .*ALTER (COLUMN )?\S+ (SET DATA )?TYPE ", "another type of a column"),
    (
        rf"ALTER TABLE {_NAME} .*ADD (COLUMN )?(?!CONSTRAINT)(?!.*DEFAULT).*NOT NULL",
        "a column NOT NULL without a default",
    ),
    (
        rf"(CLUSTER|VACUUM FULL|REINDEX TABLE|LOCK TABLE|TRUNCATE) (TABLE )?{_NAME}",
        "a lock on the whole table",
    ),
)
_CHANGES_ROWS = re.compile(rf"(UPDATE|DELETE FROM) {_NAME}")
_VALIDATES = re.compile(rf"ALTER TABLE {_NAME} VALIDATE CONSTRAINT")
_SETS_NOT_NULL = re.compile(rf"ALTER TABLE {_NAME} .*SET NOT NULL")
_CREATES_TABLE = re.compile(rf"CREATE TABLE (IF NOT EXISTS )?{_NAME}")


def differences() -> list[object]:
    """Between the database of the application and the models."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)
        return list(compare_metadata(context, db.metadata))


@dataclass(frozen=True)
class Statement:
    sql: str
    commits: bool  #: by itself; otherwise it belongs to the migration's transaction


@contextmanager
def recorded(engine: Engine) -> Iterator[dict[str, list[Statement]]]:
    """The statements of each migration, by revision, that runs meanwhile."""
    migrations: dict[str, list[Statement]] = defaultdict(list)
    unstamped: list[Statement] = []

    def record(_connection, cursor, sql, _parameters, _context, _many) -> None:
        sql = " ".join(sql.split())
        if stamp := _STAMP.match(sql):
            migrations[stamp[1]] += unstamped
            unstamped.clear()
        else:
            unstamped.append(Statement(sql, cursor.connection.autocommit))

    event.listen(engine, "before_cursor_execute", record)
    try:
        yield migrations
    finally:
        event.remove(engine, "before_cursor_execute", record)


def faults(statements: list[Statement]) -> list[str]:
    """What in one migration locks a large table that was there before for longer than a moment."""
    new = {created["table"] for statement in statements if (created := _CREATES_TABLE.match(statement.sql))}
    validated: set[str] = set()
    created = []
    for statement in statements:
        if (match := _VALIDATES.match(statement.sql)) and statement.commits:
            validated.add(match["table"])
        for fault, table in _faults_of(statement, validated):
            if table not in new | SMALL:
                created.append(f"{fault}: {statement.sql[:120]}")
    return created


def _faults_of(statement: Statement, validated: set[str]) -> Iterator[tuple[str, str]]:
    for pattern, fault in _RULES:
        if match := re.match(pattern, statement.sql):
            yield fault, match["table"]
    if (match := _VALIDATES.match(statement.sql)) and not statement.commits:
        yield "a constraint is validated under the lock of the migration", match["table"]
    if (match := _SETS_NOT_NULL.match(statement.sql)) and match["table"] not in validated:
        yield "SET NOT NULL without a validated check before it", match["table"]
    if (match := _CHANGES_ROWS.match(statement.sql)) and not (statement.commits and "LIMIT" in statement.sql):
        yield "all rows in one transaction", match["table"]
