"""Column types (UTC datetimes, generated ids, one of several values) and partial indexes."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    Select,
    TypeDecorator,
    bindparam,
    literal_column,
    text,
)

from pledge.core import clock

#: A generated id: SQLite generates INTEGER keys only.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; SQLite itself returns naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime must not reach the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: SQL: the time of execution, for statements that are built once because building one costs more than executing it.
NOW = bindparam("now", callable_=lambda: clock.now(), type_=UTCDateTime())  # noqa: PLW0108  # tests move the clock


def ago(span: timedelta) -> BindParameter[datetime]:
    """SQL: the time of execution, less so much; for such statements too."""
    return bindparam("ago", callable_=lambda: clock.now() - span, type_=UTCDateTime(), unique=True)


def any_in_order(query: Select[Any]) -> ColumnElement[bool]:
    """SQL: whether the query, which is in the order of an index, finds a row.

    Of EXISTS PostgreSQL expects that a row turns up at once, and reads the whole table where there is none. The limit is no
    bound value, as for that it expects a tenth of the table.
    """
    return query.limit(literal_column("1")).scalar_subquery().is_not(None)


def one_of(column: str, values: type[StrEnum]) -> str:
    """Condition of a CHECK constraint: the column has one of these values."""
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """A partial index on both databases. A query must repeat its condition verbatim to use it."""
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))
