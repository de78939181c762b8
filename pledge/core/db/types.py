"""Types of columns: moments in UTC, numbers that grow by themselves, one of several values; and indexes of some rows."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Dialect, Index, Integer, TypeDecorator, bindparam, text

from pledge.core import clock

#: A number that the database gives: SQLite does that for INTEGER alone.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; SQLite hands back naive values, PostgreSQL aware ones."""

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


#: SQL: the moment at which a statement runs, for one that is made once: to make it takes longer than to run it.
NOW = bindparam("now", callable_=lambda: clock.now(), type_=UTCDateTime())  # noqa: PLW0108  # tests move the clock


def one_of(column: str, values: type[StrEnum]) -> str:
    """The condition of a CHECK constraint: the column holds one of these values."""
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows that meet a condition, on both databases; a query must repeat the condition verbatim to use it."""
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))
