"""Test restores of backups, beside the site and never into its own database."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

#: The owner of server and backups. Used if this runs as root, under which PostgreSQL refuses to run.
POSTGRES = "postgres"
#: Seconds that recovery may take: some for a million signatures, many for weeks of WAL.
MAX_RECOVERY = 3600
#: Settings of the restored server. With `hot_standby` off it answers only after recovery, and the original's limits of
#: connections do not matter.
_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
hba_file = '{folder}/pg_hba.conf'
ident_file = '{folder}/pg_ident.conf'
hot_standby = off
archive_mode = off
shared_preload_libraries = ''
"""


class NotRestored(Exception):
    """The backup could not be restored. The text is the program's message."""


@contextmanager
def restored_cluster(database: str, stanza: str, config: Path, until: str = "") -> Iterator[str]:
    """Restore `database` into its own PostgreSQL; yields its address and removes it afterwards.

    `stanza` and `config` are pgBackRest's. WAL is replayed up to the time `until`, or to its end for "". Raises NotRestored.
    """
    with tempfile.TemporaryDirectory(prefix="pledge-restore-") as name:
        folder = Path(name)
        data = folder / "data"
        data.mkdir(mode=0o700)
        _write_settings(folder)
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, POSTGRES, POSTGRES)
        restore = ["pgbackrest", f"--config={config}", f"--stanza={stanza}", f"--pg1-path={data}"]
        restore += ["--archive-mode=off", "--log-level-console=warn", "--log-level-file=off", "--link-all"]
        if until:
            restore += ["--type=time", f"--target={until}", "--target-action=promote"]
        _run([*restore, "restore"])
        log = folder / "server.log"
        pg_ctl = [str(_server_folder(data) / "pg_ctl"), f"--pgdata={data}"]
        options = f"--options=-c config_file={folder}/postgresql.conf"
        try:
            _run([*pg_ctl, "start", "--wait", f"--timeout={MAX_RECOVERY}", f"--log={log}", options], log)
            yield f"postgresql://{POSTGRES}@/{database}?host={folder}"
        finally:
            with suppress(NotRestored):  # it may not have started
                _run([*pg_ctl, "stop", "--mode=immediate"])


@contextmanager
def restored_copy(file: Path) -> Iterator[str]:
    """Yield the address of a copy of a SQLite backup. Raises NotRestored."""
    with tempfile.TemporaryDirectory(prefix="pledge-restore-") as name:
        copy = Path(name) / "pledge.sqlite3"
        shutil.copyfile(file, copy)
        try:
            with closing(sqlite3.connect(copy)) as connection:
                faults = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            raise NotRestored(str(error)) from None
        if faults != ["ok"]:
            raise NotRestored("; ".join(faults[:3]))
        yield f"sqlite:///{copy}"


def back_up_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database that is in use, consistently (https://www.sqlite.org/backup.html).

    Raises FileExistsError rather than overwrite a file, and sqlite3.Error, after which no file is left.
    """
    with target.open("xb"):
        target.chmod(0o600)
    try:
        with closing(sqlite3.connect(source)) as site, closing(sqlite3.connect(target)) as copy:
            site.backup(copy)
    except sqlite3.Error:
        target.unlink()
        raise


def _write_settings(folder: Path) -> None:
    (folder / "postgresql.conf").write_text(_SETTINGS.format(folder=folder))
    # Safe, because nobody else can enter the folder with the socket.
    (folder / "pg_hba.conf").write_text("local all all trust\n")
    (folder / "pg_ident.conf").write_text("")


def _server_folder(data: Path) -> Path:
    """The folder of the PostgreSQL programs whose version the data has."""
    version = (data / "PG_VERSION").read_text().strip()
    return Path(f"/usr/lib/postgresql/{version}/bin")


def _run(command: list[str], log: Path | None = None) -> None:
    if os.geteuid() == 0:
        command = ["runuser", "-u", POSTGRES, "--", *command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotRestored(f"{command[0]} is not installed") from None
    if done.returncode:
        output = log.read_text(errors="replace") if log and log.exists() else done.stderr + done.stdout
        raise NotRestored("\n".join(output.strip().splitlines()[-5:]))
