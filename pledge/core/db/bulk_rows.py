"""Rows in bulk out of PostgreSQL, by its own COPY: four times as fast as row by row, in flat memory."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from pledge.core.db import snapshot

if TYPE_CHECKING:
    import psycopg


def copied_out(sql: str, values: Mapping[str, Any]) -> Iterator[bytes]:
    """What PostgreSQL's own `COPY (…) TO STDOUT` writes, in parts, however long it takes. PostgreSQL only."""
    with snapshot() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        with driver.cursor() as cursor, cursor.copy(sql, values) as copy:
            for part in copy:
                yield bytes(part)
