"""Statements that PostgreSQL keeps ready in each connection, run through psycopg's layer over libpq.

For the two statements of a launch day only (docs/adr/0057): what psycopg's cursors do around a statement costs as much as
the rest of a confirmation. The values go as text or, for bytes, as they are; their types are fixed by the statement.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")


@dataclass(frozen=True)
class Kind:
    """How values of one type reach the server."""

    oid: int  #: of the type (pg_type); 0 lets the server see from the statement what it is
    format: Format
    encode: Callable[[Any], bytes]


TEXT = Kind(0, Format.TEXT, str.encode)
BYTES = Kind(17, Format.BINARY, bytes)
INTEGER = Kind(20, Format.TEXT, lambda number: b"%d" % number)
BOOLEAN = Kind(16, Format.TEXT, lambda said: b"t" if said else b"f")
MOMENT = Kind(1184, Format.TEXT, lambda moment: moment.isoformat().encode())  #: an aware datetime


class Prepared:
    """One statement with `:name` for each value, and the kind of each."""

    def __init__(self, sql: str, kinds: Mapping[str, Kind]) -> None:
        self.sql = sql
        names = list(dict.fromkeys(_NAMED.findall(sql)))
        places = {name: f"${place}" for place, name in enumerate(names, 1)}
        self._text = _NAMED.sub(lambda found: places[found[1]], sql).encode()
        self._name = b"pledge_" + sha256(self._text).hexdigest()[:16].encode()
        self._types = [kinds[name].oid for name in names]
        self._formats = [kinds[name].format for name in names]
        self._values = [(name, kinds[name].encode) for name in names]

    def has_row(
        self, connection: "psycopg.Connection[Any]", info: dict[Any, Any], values: Mapping[str, Any]
    ) -> bool:
        """Run it; whether it gave a row. `info` lives as long as the connection. Raises psycopg.Error."""
        sent = [None if values[name] is None else encode(values[name]) for name, encode in self._values]
        result = self._run(connection, sent) if self._name in info else None
        # psycopg drops all prepared statements of a connection after a rollback, ours among them; nothing ran then.
        if result is None or _sqlstate(result) == errors.InvalidSqlStatementName.sqlstate:
            _check(connection.pgconn.prepare(self._name, self._text, self._types), ExecStatus.COMMAND_OK)
            info[self._name] = True
            result = self._run(connection, sent)
        _check(result, ExecStatus.TUPLES_OK)
        return result.ntuples > 0

    def _run(self, connection: "psycopg.Connection[Any]", sent: list[bytes | None]) -> PGresult:
        return connection.pgconn.exec_prepared(self._name, sent, self._formats)  # type: ignore[arg-type]  # it takes None as exec_params does


def _sqlstate(result: PGresult) -> str | None:
    found = result.error_field(DiagnosticField.SQLSTATE)
    return None if found is None else found.decode()


def _check(result: PGresult, wanted: ExecStatus) -> None:
    if result.status == wanted:
        return
    if _sqlstate(result) is None:  # libpq's own words: the server is gone
        raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
    raise errors.error_from_result(result)
