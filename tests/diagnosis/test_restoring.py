"""`flask backup`: a backup is worth what can be restored from it."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pledge.diagnosis.restoring import NotRestored, back_up_sqlite, restored_cluster
from tests.support import apps, postgres, programs
from tests.support.factories import fold_all, signature, signatures

# --- SQLite ---


@pytest.mark.sqlite_only
def test_a_backup_of_sqlite_that_is_in_use_is_restored_and_checked(runner, tmp_path, backed_up):
    file = tmp_path / "backup.sqlite3"
    runner.run("backup", "create", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()

    assert "The backup was restored, and all checks passed." in runner.run("backup", "verify", str(file))
    assert file.read_bytes() == before


@pytest.mark.sqlite_only
def test_an_earlier_backup_is_not_overwritten(runner, tmp_path):
    file = tmp_path / "backup.sqlite3"
    file.write_text("an earlier one")
    result = runner.invoke(args=["backup", "create", str(file)])
    assert (result.exit_code, file.read_text()) == (1, "an earlier one")
    assert "File exists" in result.output


def test_a_backup_that_fails_leaves_no_file_that_looks_like_one(tmp_path):
    damaged, file = tmp_path / "damaged.sqlite3", tmp_path / "backup.sqlite3"
    damaged.write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.Error):
        back_up_sqlite(damaged, file)
    assert not file.exists()


@pytest.mark.sqlite_only
def test_a_damaged_backup_is_found(runner, tmp_path, backed_up):
    file = tmp_path / "backup.sqlite3"
    runner.invoke(args=["backup", "create", str(file)])
    data = bytearray(file.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    file.write_bytes(data)
    assert "cannot be restored" in runner.run("backup", "verify", str(file), code=1)


@pytest.mark.sqlite_only
def test_a_backup_whose_count_was_changed_does_not_pass(runner, tmp_path, backed_up):
    file = tmp_path / "backup.sqlite3"
    runner.invoke(args=["backup", "create", str(file)])
    connection = sqlite3.connect(file)
    connection.execute(
        "UPDATE signatures SET state = 'withdrawn' WHERE id = (SELECT min(id) FROM signatures)"
    )
    connection.commit()
    connection.close()
    assert "ledger recount found something" in runner.run("backup", "verify", str(file), code=1)


@pytest.fixture
def backed_up(app):
    """Something to back up: people who are counted, with a signed log."""
    signatures(3)
    fold_all()


# --- PostgreSQL with pgBackRest ---


def test_without_the_servers_programs_it_says_which_one_is_missing(tmp_path, monkeypatch):
    """As the user of PostgreSQL, on a machine that has no programs of the backup's version."""
    restore = tmp_path / "pgbackrest"
    restore.write_text(
        '#!/bin/sh\nfor word; do case $word in --pg1-path=*) echo 99 > "${word#*=}/PG_VERSION"; esac; done\n'
    )
    restore.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    restored = restored_cluster("pledge", "pledge", tmp_path / "pgbackrest.conf")
    with pytest.raises(NotRestored, match="pg_ctl is not installed"), restored:
        pytest.fail("it was restored")


@dataclass
class Cluster:
    """A PostgreSQL whose WAL goes to a repository of pgBackRest, with a migrated database."""

    server: postgres.Server
    config: Path
    url: str

    def back_up(self) -> None:
        pgbackrest(self.config, "backup", "--type=full")
        self.server.execute("SELECT pg_sleep(1.1)")  # it knows the end of a backup in whole seconds

    def now(self) -> str:
        """The time of the server, as pgBackRest reads times."""
        return str(self.server.execute("SELECT clock_timestamp()::text")[0][0])

    def archive(self) -> None:
        """Have all that was written so far in the repository."""
        name = self.server.execute("SELECT pg_walfile_name(pg_switch_wal())")[0][0]
        for _ in range(300):
            last = self.server.execute("SELECT last_archived_wal FROM pg_stat_archiver")[0][0]
            if last is not None and str(last) >= str(name):
                return
            self.server.execute("SELECT pg_sleep(0.1)")
        raise AssertionError(f"{name} was not archived")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="pledge-backup-") as name:
        folder = Path(name)
        config = folder / "pgbackrest.conf"
        for part in ("repository", "log", "lock"):
            (folder / part).mkdir()
        config.write_text(
            f"[global]\nrepo1-path={folder}/repository\nlog-path={folder}/log\nlock-path={folder}/lock\n"
            "repo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass=a passphrase of the test\nstart-fast=y\n"
            f"[pledge]\npg1-path={folder}/postgres\npg1-socket-path={folder}/postgres\npg1-user=postgres\n"
        )
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "postgres", "postgres")
        push = f"'pgbackrest --config={config} --stanza=pledge archive-push %p'"
        server = postgres.start(
            folder, options=("fsync=off", "wal_level=replica", "archive_mode=on", f"archive_command={push}")
        )
        try:
            with config.open("a") as file:
                file.write(f"pg1-port={server.port}\n")
            pgbackrest(config, "stanza-create")
            url = server.create_database("pledge")
            apps.migrate(url, folder / "instance")
            yield Cluster(server, config, url)
        finally:
            server.stop()


def pgbackrest(config: Path, *words: str) -> None:
    command = [programs.installed("pgbackrest"), f"--config={config}", "--stanza=pledge", *words]
    as_postgres = ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command
    done = programs.run(*as_postgres)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.postgresql_only
def test_a_backup_of_postgresql_is_restored_and_checked_until_any_point_in_time(cluster, app_on, capfd):
    site = app_on(cluster.url)
    with site.app_context():
        signatures(3)
        fold_all()
    cluster.back_up()
    with site.app_context():
        signature()
        fold_all()
    between = cluster.now()
    cluster.server.execute("DROP TABLE signatures CASCADE", "pledge")  # the accident
    cluster.archive()
    words = ["backup", "verify", f"--config={cluster.config}", f"--until={between}"]

    site.test_cli_runner().run(*words)
    assert "4 people" in capfd.readouterr().out


@pytest.mark.postgresql_only
def test_without_a_backup_it_says_what_pgbackrest_says(cluster, app_on):
    words = ["backup", "verify", f"--config={cluster.config}"]
    result = app_on(cluster.url).test_cli_runner().run(*words, code=1)
    assert "the backup cannot be restored" in result
    assert "no backup set found to restore" in result
