"""Checks of the database: reachable, migrated, and configured so that acknowledged data survives a power cut."""

from collections.abc import Iterator
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from config import ROOT, Config
from pledge.core.db import reading
from pledge.core.db.failures import advise
from pledge.diagnosis.archive import MAX_AGE, read_archive
from pledge.diagnosis.findings import Finding, ok, problem, warning
from pledge.diagnosis.start import DURABILITY, setting

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
    wanted = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    if found == wanted:
        return ok("migrations", f"at the newest, {wanted}")
    return problem("migrations", f"at {found or 'none'}, the newest is {wanted}: run `flask db upgrade`")


def _postgresql(connection: Connection) -> Iterator[Finding]:
    for name, loss in DURABILITY.items():
        value = setting(connection, name)
        if value == "off":
            yield problem("durability", f"{name} = off: {loss}; set it to on in postgresql.conf")
        else:
            yield ok("durability", f"{name} = {value}")
    yield _archive(connection)


def _archive(connection: Connection) -> Finding:
    """Whether a lost disk would cost what was acknowledged."""
    found = read_archive(connection)
    if not found.is_on:
        return warning("archive", "archive_mode = off: a lost disk loses all since the last backup (Backups)")
    if not found.timeout:
        return problem(
            "archive",
            "archive_timeout = 0: a lost disk loses what has not filled 16 MB of WAL; set it to 1min",
        )
    if found.age > MAX_AGE:
        return problem(
            "archive",
            f"WAL has waited {found.age:.0f} seconds: PostgreSQL's log says why archive_command fails",
        )
    return ok("archive", f"on, at most {found.timeout} seconds behind")


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
    """The type of the file system of a path, as Linux names it; None where it cannot be determined."""
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
