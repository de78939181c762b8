"""Columns that are encrypted at rest, and their re-encryption after a new data key."""

from collections.abc import Iterator

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    LargeBinary,
    Table,
    TypeDecorator,
    bindparam,
    exists,
    func,
    or_,
    select,
    type_coerce,
    update,
)

from pledge.core.db import db, fetch, transaction
from pledge.core.encryption import vault


class Sealed(TypeDecorator[str]):
    """A text column that is encrypted at rest; the context is the column's own name."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else vault().seal(value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else vault().unseal(bytes(value), self.context)


#: Rows locked at once, for about a tenth of a second.
BATCH = 500


def reencrypt() -> Iterator[tuple[str, int]]:
    """Re-encrypt with the newest key what an older one encrypted. Yields (table, number of rows) for each batch.

    Skips rows that are locked: call again until nothing is yielded. Raises Unreadable when no key opens a value; the
    batches before stay done.
    """
    for table, columns in _sealed():
        last = None
        while (rows := _batch(table, columns, last)) is not None:
            last, done = rows
            yield table.name, done


def is_complete() -> bool:
    """Whether the newest key has encrypted every row."""
    return not any(fetch(select(exists().where(_is_older(columns)))).scalar_one() for _, columns in _sealed())


def _is_older(columns: list[Column[str]]) -> ColumnElement[bool]:
    """SQL: an older key encrypted one of these columns."""
    newest = vault().newest
    begins = (func.substr(type_coerce(column, LargeBinary), 1, len(newest)) for column in columns)
    return or_(*(begin != newest for begin in begins))


def _sealed() -> Iterator[tuple[Table, list[Column[str]]]]:
    for table in db.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, Sealed)]
        if columns:
            yield table, columns


def _batch(table: Table, columns: list[Column[str]], last: int | None) -> tuple[int, int] | None:
    """Re-encrypt the next batch after the primary key `last`. Returns its last key and its size, or None at the end."""
    (key,) = table.primary_key.columns
    names = [column.name for column in columns]
    # FOR UPDATE: nothing that is changed meanwhile is overwritten with what it was. SQLite has one writer anyway.
    query = select(key, *columns).where(_is_older(columns)).order_by(key).limit(BATCH)
    query = query.with_for_update(skip_locked=True)
    if last is not None:
        query = query.where(key > last)
    with transaction() as session:
        rows = [tuple(row) for row in session.execute(query)]
        if not rows:
            return None
        # The values were decrypted by being read, and are encrypted with the newest key by being written.
        named: dict[str, object] = {name: bindparam(f"new_{name}") for name in names}
        write = update(table).where(key == bindparam("of")).values(named)
        parameters = ["of", *(f"new_{name}" for name in names)]
        session.connection().execute(write, [dict(zip(parameters, row, strict=True)) for row in rows])
    return rows[-1][0], len(rows)
