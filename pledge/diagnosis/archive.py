"""Whether what people were told is recorded also leaves the machine: PostgreSQL's archive of its WAL."""

import math
import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pledge.core.db import is_postgresql, reading

#: Seconds for which WAL may wait for the archive before it is a problem.
MAX_AGE = 600.0
#: Bytes that an idle server writes beyond the last segment that was archived; they hold nobody's signature.
IDLE_BYTES = 8192

_STATE = text(
    """
    SELECT current_setting('archive_mode') <> 'off' AS is_on,
           (SELECT setting::int FROM pg_settings WHERE name = 'archive_timeout') AS timeout,
           (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size') AS segment_size,
           last_archived_wal AS segment,
           extract(epoch FROM clock_timestamp()
                   - greatest(last_archived_time, stats_reset, pg_postmaster_start_time()))::float AS age,
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                           '0/0')::bigint AS position
      FROM pg_stat_archiver"""
)


@dataclass(frozen=True)
class Archive:
    """How PostgreSQL archives its WAL, and how far behind it is."""

    is_on: bool
    #: Seconds after which a segment is archived though it is not full; 0: however long that takes.
    timeout: int
    #: Seconds for which something written has waited to be archived; 0 when nothing waits, infinite when nothing is archived.
    age: float


def archive() -> Archive | None:
    """The state of the archive; None on SQLite, which has none."""
    if not is_postgresql():
        return None
    with reading() as connection:
        return read_archive(connection)


def read_archive(connection: Connection) -> Archive:
    """The state of the archive of a PostgreSQL."""
    row = connection.execute(_STATE).one()
    if not row.is_on:
        return Archive(is_on=False, timeout=row.timeout, age=math.inf)
    waits = row.position - _end(row.segment or "", row.segment_size) > IDLE_BYTES
    return Archive(is_on=True, timeout=row.timeout, age=max(0.0, row.age) if waits else 0.0)


def _end(segment: str, size: int) -> int:
    """Where a segment ends, in bytes of WAL, by its name; 0 for another file, after which nothing is known to be archived."""
    if not re.fullmatch(r"[0-9A-F]{24}", segment):
        return 0
    return (int(segment[8:16], 16) << 32) + (int(segment[16:], 16) + 1) * size
