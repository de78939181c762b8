"""What leaves a machine of PostgreSQL's WAL, on a server that archives."""

import math

import pytest
from sqlalchemy import create_engine, text

from pledge.diagnosis import archive, database
from pledge.diagnosis.findings import Severity
from tests.support import postgres
from tests.support.waiting import wait_until

pytestmark = pytest.mark.postgresql_only


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
    assert archive.read_archive(connection).age == 0

    (worker_folder / "archiving" / "broken").touch()
    write(connection)
    switch(connection)
    wait_until(lambda: archive.read_archive(connection).age > 0.5)
    monkeypatch.setattr(database, "MAX_AGE", 0.1)
    connection.execute(text("ALTER SYSTEM SET archive_timeout = '1min'"))
    connection.execute(text("SELECT pg_reload_conf()"))
    wait_until(lambda: archive.read_archive(connection).timeout == 60)
    found = database._archive(connection)
    assert (found.level, "archive_command" in found.text) == (Severity.PROBLEM, True)


def test_an_archive_that_waits_for_full_segments_is_a_problem(connection):
    connection.execute(text("ALTER SYSTEM RESET archive_timeout"))
    connection.execute(text("SELECT pg_reload_conf()"))
    wait_until(lambda: archive.read_archive(connection).timeout == 0)
    found = database._archive(connection)
    assert (found.level, "archive_timeout = 0" in found.text) == (Severity.PROBLEM, True)


def test_a_server_that_archives_nothing_is_named(app, client):
    assert archive.archive().age == math.inf
    assert "pledge_archive_age_seconds +Inf" in client.get("/metrics").text
    found = database.database_findings(app.extensions["pledge.config"])
    (finding,) = (finding for finding in found if finding.subject == "archive")
    assert (finding.level, "archive_mode = off" in finding.text) == (Severity.WARNING, True)
