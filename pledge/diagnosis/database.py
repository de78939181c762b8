"""Checks of the database: connection, migrations, durability, archive, and guards of its append-only tables."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from pledge.core.db import migrations, reading
from pledge.core.db.failures import advise
from pledge.diagnosis import Finding, advice, ok, problem, warning
from pledge.diagnosis.start import DURABILITY, setting

#: Seconds that WAL may wait for the archive before it is a problem.
MAX_AGE = 600.0
#: Bytes that an idle server writes after the last archived segment; they contain no signature.
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
    """The archive of PostgreSQL's WAL: its settings and its lag."""

    is_on: bool
    #: Seconds after which a segment is archived even if it is not full; 0 for never.
    timeout: int
    #: Seconds that the oldest unarchived change has waited; 0 if none waits, infinite if nothing is archived.
    age: float


def read_archive(connection: Connection) -> Archive:
    """The state of the archive of a PostgreSQL."""
    row = connection.execute(_STATE).one()
    if not row.is_on:
        return Archive(is_on=False, timeout=row.timeout, age=math.inf)
    waits = row.position - _end(row.segment or "", row.segment_size) > IDLE_BYTES
    return Archive(is_on=True, timeout=row.timeout, age=max(0.0, row.age) if waits else 0.0)


def _end(segment: str, size: int) -> int:
    """The end of a segment in bytes of WAL, by its name; 0 for other files, which say nothing about what is archived."""
    if not re.fullmatch(r"[0-9A-F]{24}", segment):
        return 0
    return (int(segment[8:16], 16) << 32) + (int(segment[16:], 16) + 1) * size


#: File systems on which SQLite's locks cannot be trusted (https://sqlite.org/useovernet.html).
NETWORK_FILE_SYSTEMS = frozenset(
    "9p afs beegfs ceph cifs fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 smb3 smbfs".split()
)

MOUNTS = Path("/proc/mounts")


def database_findings(config: Config) -> Iterator[Finding]:
    """Check the database; stops after the first finding when it does not answer."""
    subject = "database"
    try:
        with reading() as connection:
            version = _version(connection)
            yield ok(subject, f"{version} answers")
            yield _migration(connection)
            if config.uses_sqlite:
                yield from _sqlite(connection, config)
            else:
                yield from _postgresql(connection)
    except SQLAlchemyError as error:
        yield problem(
            subject,
            f"does not answer ({advise(error)}): check PLEDGE_DATABASE_URL and that the server runs",
        )


def _version(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.execute(text('SELECT sqlite_version()')).scalar_one()}"
    return f"PostgreSQL {setting(connection, 'server_version')}"


def _migration(connection: Connection) -> Finding:
    wanted = ScriptDirectory(str(migrations.MIGRATIONS)).get_current_head()
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision == wanted:
        return ok("migrations", f"at the newest, {wanted}")
    try:
        migrations.refuse_unknown_revision(connection)
    except migrations.UnknownRevision as error:
        return problem("migrations", str(error))
    return problem("migrations", f"at {revision or 'none'}, the newest is {wanted}: run `flask db upgrade`")


def _postgresql(connection: Connection) -> Iterator[Finding]:
    for name, loss in DURABILITY.items():
        value = setting(connection, name)
        if value == "off":
            yield problem("durability", f"{name} = off: {loss}; set it to on in postgresql.conf")
        else:
            yield ok("durability", f"{name} = {value}")
    yield _archive(connection)


def _archive(connection: Connection) -> Finding:
    """Check whether a lost disk would lose acknowledged data."""
    archive = read_archive(connection)
    if not archive.is_on:
        return warning("archive", "archive_mode = off: a lost disk loses all since the last backup (Backups)")
    if not archive.timeout:
        return problem(
            "archive",
            "archive_timeout = 0: a lost disk loses what has not filled 16 MB of WAL; set it to 1min",
        )
    if archive.age > MAX_AGE:
        return problem(
            "archive",
            f"WAL has waited {archive.age:.0f} seconds: PostgreSQL's log says why archive_command fails",
        )
    return ok("archive", f"on, at most {archive.timeout} seconds behind")


def _sqlite(connection: Connection, config: Config) -> Iterator[Finding]:
    mode = str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
    synchronous = int(connection.execute(text("PRAGMA synchronous")).scalar_one())
    if mode == "wal" and synchronous >= 2:
        yield ok("durability", "WAL, synchronous = FULL")
    else:
        yield problem(
            "durability",
            f"journal_mode = {mode}, synchronous = {synchronous}: expected wal and 2 or more; "
            "does the file system allow shared memory, is the file writable?",
        )
    file = Path(config.sqlalchemy_url.removeprefix("sqlite:///")).resolve()
    kind = file_system_of(file)
    if kind in NETWORK_FILE_SYSTEMS:
        yield problem(
            "database file", f"{file} lies on {kind}, where locks do not hold: move it to a local disk"
        )
    elif kind is not None:
        yield ok("database file", f"{file} on {kind}")
    if config.is_production:
        yield warning(
            "database", "SQLite serves one machine only: set PLEDGE_DATABASE_URL for a large campaign"
        )


def file_system_of(path: Path) -> str | None:
    """The type of a path's file system as Linux names it; None if it cannot be determined."""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return None
    # Fields: device, mount point (a space is written \040), kind, … ; the longest mount point that fits holds the path.
    mounts = [line.split()[1:3] for line in lines if len(line.split()) >= 3]
    fitting = [
        (len(point), kind)
        for point, kind in ((point.replace("\\040", " "), kind) for point, kind in mounts)
        if path.is_relative_to(point)
    ]
    return max(fitting)[1] if fitting else None


#: The triggers that protect append-only tables. The owner of the tables and superusers can drop them.
_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT tgname FROM pg_trigger
         WHERE tgrelid IN ('audit_entries'::regclass, 'ledger_entries'::regclass, 'ledger_places'::regclass,
                           'checkpoints'::regclass, 'log_keys'::regclass, 'log_tiles'::regclass,
                           'statements'::regclass, 'staff'::regclass, 'staff_roles'::regclass,
                           'staff_passkeys'::regclass, 'pledge_texts'::regclass)
           AND NOT tgisinternal AND tgenabled IN ('O', 'A')""",
}
#: Those that migrations 0001, 0003, 0099 and 0119 create.
_GUARDS = {
    "sqlite": {
        *("audit_entries_no_update", "audit_entries_no_delete", "audit_entries_no_replace"),
        *(
            f"{table}_no_{verb}"
            for table in (
                "ledger_entries",
                "ledger_places",
                "checkpoints",
                "log_keys",
                "log_tiles",
                "statements",
            )
            for verb in ("delete", "change", "replace")
        ),
    },
    "postgresql": {
        "audit_entries_append_only",
        *(f"ledger_entries_{verb}" for verb in ("no_delete", "no_change", "once", "begin")),
        *(f"ledger_places_{verb}" for verb in ("no_delete", "no_change", "once", "begin")),
        *("checkpoints_no_change", "log_keys_no_change", "statements_no_change"),
        *("staff_audited", "staff_roles_audited", "staff_passkeys_audited", "pledge_texts_audited"),
        *(f"log_tiles_{verb}" for verb in ("no_delete", "no_change", "grow")),
    },
}

_MAY_CHANGE = text("""
    SELECT pg_has_role(current_user, c.relowner, 'USAGE') AS owns,
           has_table_privilege('audit_entries', 'UPDATE, DELETE, TRUNCATE')
               OR has_column_privilege('ledger_entries', 'delta', 'UPDATE')
               OR has_table_privilege('ledger_entries', 'DELETE, TRUNCATE')
               OR has_column_privilege('ledger_places', 'delta', 'UPDATE')
               OR has_table_privilege('ledger_places', 'DELETE, TRUNCATE')
               OR has_table_privilege('checkpoints', 'UPDATE, DELETE, TRUNCATE')
               OR has_table_privilege('statements', 'UPDATE, DELETE, TRUNCATE')
               OR has_table_privilege('log_keys', 'UPDATE, DELETE, TRUNCATE')
               OR has_table_privilege('log_tiles', 'DELETE, TRUNCATE') AS may_change
      FROM pg_class c WHERE c.oid = 'audit_entries'::regclass""")

# Checks the role of the web server by its name, if there is one, whichever role runs this.
_WEB_MAY_SIGN = text("""
    SELECT bool_or(has_any_column_privilege(web, grown, 'UPDATE'))
        OR bool_or(has_any_column_privilege(web, made, 'INSERT, UPDATE') OR has_table_privilege(web, made, 'DELETE'))
      FROM (SELECT COALESCE(to_regrole('pledge')::oid, current_user::regrole::oid) AS web) AS role,
           unnest(ARRAY['ledger_entries', 'ledger_places', 'statements']) AS grown,
            unnest(ARRAY['ledger_heads', 'tallies', 'ledger_differences', 'ledger_comparisons', 'log_tiles', 'log_losses', 'checkpoints',
                         'log_keys', 'audit_watched']) AS made""")


def guard_findings(config: Config) -> Iterator[Finding]:
    """Check that append-only tables are protected."""
    subject = "append-only"
    with reading() as connection:
        dialect = connection.dialect.name
        guards = set(connection.execute(text(_TRIGGERS[dialect])).scalars())
        if gone := _GUARDS[dialect] - guards:
            yield problem(
                subject,
                f"guards are gone or off ({', '.join(sorted(gone))}), what was recorded could be changed: find out who did "
                "that, run `flask audit verify`, `flask ledger verify` and `flask ledger recount`, then make these triggers "
                "of migrations 0001, 0003, 0099 and 0119 anew",
            )
        elif dialect == "sqlite":
            yield ok(subject, "by triggers (whoever can write the file can remove them)")
        if dialect == "sqlite":
            return
        owns, may_change = connection.execute(_MAY_CHANGE).one()
        web_may_sign = connection.execute(_WEB_MAY_SIGN).scalar_one()
    if owns or may_change:
        fault = (
            f"this role {'owns' if owns else 'may change'} audit_entries, ledger_entries or what is published"
        )
    elif web_may_sign:
        fault = "the role of the web server may write what the worker signs"
    else:
        yield ok(subject, "this role can only append, and the web server's signs nothing")
        return
    yield advice(config, subject, fault, "use three roles (docs/production.md#three-roles)")
