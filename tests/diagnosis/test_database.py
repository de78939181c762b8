"""What the doctor says of the database, and what stops a production start."""

import math
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pledge.core.db import db, reading
from pledge.diagnosis import Severity, database
from tests.support import postgres
from tests.support.production import PRODUCTION
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def durable(worker_folder):
    """The address of an empty database on a PostgreSQL that waits for the disk; the tests' own does not."""
    folder = worker_folder / "durable"
    folder.mkdir()
    folder.chmod(0o711)
    server = postgres.start(folder, options=())
    yield server.create_database("durable")
    server.stop()


def findings(app) -> dict[str, tuple[Severity, str]]:
    with app.app_context():
        return {
            f"{finding.subject} {finding.text.split()[0]}": (finding.level, finding.text)
            for finding in database.database_findings(app.extensions["pledge.config"])
        }


def test_a_database_out_of_reach_is_a_problem_that_names_no_password(app_on):
    app = app_on("postgresql://user:geheim@127.0.0.1:1/nothing")
    ((subject, (level, message)),) = findings(app).items()
    assert (subject, level) == ("database does", Severity.PROBLEM)
    assert "geheim" not in message
    assert "OperationalError Connection refused" in message
    assert "PLEDGE_DATABASE_URL" in message


@pytest.mark.parametrize(
    ("at", "remedy"), [("0001", "run `flask db upgrade`"), ("9999", "Go on with that version")]
)
def test_a_database_at_another_migration_than_the_newest_is_a_problem(app, at, remedy):
    move = text("UPDATE alembic_version SET version_num = :at")
    with db.engine.begin() as connection:
        (head,) = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        connection.execute(move, {"at": at})
    try:
        (finding,) = (
            finding for subject, finding in findings(app).items() if subject.startswith("migrations")
        )
        assert finding[0] is Severity.PROBLEM
        assert at in finding[1]
        assert remedy in finding[1]
    finally:
        with db.engine.begin() as connection:
            connection.execute(move, {"at": head})


@pytest.mark.postgresql_only
def test_a_postgresql_that_does_not_wait_for_the_disk_is_a_problem(app):
    results = findings(app)
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert results[f"durability {name}"][0] is Severity.PROBLEM


def test_a_postgresql_that_waits_for_the_disk_is_in_order(durable, app_on):
    results = findings(app_on(durable))
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert results[f"durability {name}"] == (Severity.OK, f"{name} = on")


@pytest.mark.parametrize("pragma", ["journal_mode=DELETE", "synchronous=NORMAL"])
def test_sqlite_that_may_lose_a_commit_is_a_problem(app_on, tmp_path, monkeypatch, pragma):
    monkeypatch.setattr("pledge.core.db.SQLITE_PRAGMAS", ("busy_timeout=1000", "journal_mode=WAL", pragma))
    app = app_on(f"sqlite:///{tmp_path / 'own.sqlite3'}")
    assert any(
        subject.startswith("durability") and level is Severity.PROBLEM
        for subject, (level, _) in findings(app).items()
    )


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("kind", "level"), [("nfs4", Severity.PROBLEM), ("ext4", Severity.OK)])
def test_sqlite_on_a_network_file_system_is_a_problem(app, tmp_path, monkeypatch, kind, level):
    mounts = tmp_path / "mounts"
    above = Path(str(db.engine.url.database)).parents[1]
    mounts.write_text(f"/dev/sda1 / xfs rw 0 0\nserver:/home {above} {kind} rw 0 0\n")
    monkeypatch.setattr(database, "MOUNTS", mounts)
    assert (
        next(finding for subject, finding in findings(app).items() if subject.startswith("database file"))[0]
        is level
    )


def test_the_file_system_of_a_path_is_that_of_the_nearest_mount(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text("a / ext4 rw\nb /srv nfs rw\nc /srv/my\\040data xfs rw\nd /srv/my btrfs rw\n")
    monkeypatch.setattr(database, "MOUNTS", mounts)
    assert database.file_system_of(Path("/srv/my data/file")) == "xfs"
    assert database.file_system_of(Path("/srv/mydata")) == "nfs"
    assert database.file_system_of(Path("/var/lib")) == "ext4"
    monkeypatch.setattr(database, "MOUNTS", tmp_path / "none")
    assert database.file_system_of(Path("/srv")) is None


def test_production_starts_on_a_postgresql_that_waits(durable, app_on):
    app_on(durable, **PRODUCTION)


@pytest.fixture(scope="module")
def server(worker_folder):
    """A server that archives at once, or not at all while `broken` is there."""
    folder = worker_folder / "archiving"
    folder.mkdir()
    folder.chmod(0o777)
    command = f"'test ! -e {folder}/broken && cp %p {folder}/'"
    options = ("fsync=off", "wal_level=replica", "archive_mode=on", f"archive_command={command}")
    server = postgres.start(folder, options=options)
    yield server
    server.stop()


@pytest.fixture
def broken(worker_folder, server):
    file = worker_folder / "archiving" / "broken"
    file.touch()
    yield
    file.unlink()


@pytest.fixture
def connection(server):
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def write(connection):
    connection.execute(text("CREATE TABLE more AS SELECT generate_series(1, 5000)"))
    connection.execute(text("DROP TABLE more"))


def switch(connection):
    return connection.execute(text("SELECT pg_walfile_name(pg_switch_wal())")).scalar_one()


def test_what_is_archived_does_not_age_and_what_waits_does(connection, broken, worker_folder, monkeypatch):
    (worker_folder / "archiving" / "broken").unlink()
    write(connection)
    name = switch(connection)
    wait_until(
        lambda: connection.execute(text("SELECT last_archived_wal FROM pg_stat_archiver")).scalar() == name
    )
    assert database.read_archive(connection).age == 0

    (worker_folder / "archiving" / "broken").touch()
    write(connection)
    switch(connection)
    wait_until(lambda: database.read_archive(connection).age > 0.5)
    monkeypatch.setattr(database, "MAX_AGE", 0.1)
    connection.execute(text("ALTER SYSTEM SET archive_timeout = '1min'"))
    connection.execute(text("SELECT pg_reload_conf()"))
    wait_until(lambda: database.read_archive(connection).timeout == 60)
    finding = database._archive(connection)
    assert (finding.level, "archive_command" in finding.text) == (Severity.PROBLEM, True)


def test_an_archive_that_waits_for_full_segments_is_a_problem(connection):
    connection.execute(text("ALTER SYSTEM RESET archive_timeout"))
    connection.execute(text("SELECT pg_reload_conf()"))
    wait_until(lambda: database.read_archive(connection).timeout == 0)
    finding = database._archive(connection)
    assert (finding.level, "archive_timeout = 0" in finding.text) == (Severity.PROBLEM, True)


@pytest.mark.postgresql_only
def test_a_server_that_archives_nothing_is_named(app, client):
    with reading() as connection:
        assert database.read_archive(connection).age == math.inf
    assert "pledge_archive_age_seconds +Inf" in client.get("/metrics").text
    results = database.database_findings(app.extensions["pledge.config"])
    (finding,) = (finding for finding in results if finding.subject == "archive")
    assert (finding.level, "archive_mode = off" in finding.text) == (Severity.WARNING, True)
