"""Rows in bulk out of PostgreSQL, by its own COPY: four times as fast as row by row, in flat memory."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from pledge.core.db import reading

if TYPE_CHECKING:
    import psycopg


def copied_out(sql: str, values: Mapping[str, Any]) -> Iterator[bytes]:
    """What PostgreSQL's own `COPY (…) TO STDOUT` writes, in parts, however long it takes. PostgreSQL only."""
    with reading() as connection:
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        with driver.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            try:
                with cursor.copy(sql, values) as copy:
                    for part in copy:
                        yield bytes(part)
            finally:
                cursor.execute("RESET statement_timeout")
