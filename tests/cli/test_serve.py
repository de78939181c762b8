"""`flask serve` runs the whole site, keeps it running, and ends it when told."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import pytest

from config import ROOT
from tests.support import programs
from tests.support.postgres import children, is_alive
from tests.support.production import ENVIRONMENT
from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT, wait_until

#: For the start of a whole site.
START = 2 * TEST_TIMEOUT


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=TEST_TIMEOUT) as response:
            return response.status == 200
    except OSError:
        return False


def worker_of(pid):
    return next((child for child in children(pid) if is_worker(child)), None)


def is_worker(pid):
    with suppress(OSError):  # it has ended meanwhile
        return Path(f"/proc/{pid}/cmdline").read_text().endswith("worker\0")
    return False


@pytest.fixture
def serve(tmp_path):
    """Starts `flask serve` as `make run` does; gives the process and its address."""
    started = []

    def start(**settings):
        port = free_port()
        with (tmp_path / "out").open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "wsgi", "serve"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "PORT": str(port),
                    "PLEDGE_INSTANCE_DIR": str(tmp_path / "instance"),
                    **settings,
                },
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return process, f"http://localhost:{port}"

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_serve_makes_a_site_in_an_empty_folder_replaces_a_killed_worker_and_ends_cleanly(serve, tmp_path):
    process, address = serve()
    wait_until(lambda: answers(f"{address}/healthz"), seconds=START)
    assert answers(f"{address}/ko/c/blue-skies")
    wait_until(lambda: f"The site     {address}" in (tmp_path / "out").read_text())
    wait_until(lambda: f"The mailbox  {address}/dev/mailbox" in (tmp_path / "out").read_text())
    way_in = wait_until(lambda: re.search(r"Staff +(http\S+)", (tmp_path / "out").read_text()))
    assert way_in[1].startswith(f"{address}/staff/invitation/")
    assert answers(way_in[1])

    # Nobody else on this machine may read what lies there.
    database = tmp_path / "instance" / "pledge.sqlite3"
    assert [oct(path.stat().st_mode & 0o077) for path in (database, database.parent)] == ["0o0", "0o0"]

    first = wait_until(lambda: worker_of(process.pid))
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: worker_of(process.pid) not in (None, first))

    everyone = children(process.pid)
    # As a terminal and `make` do: to the whole group, and once more to the process.
    os.killpg(process.pid, signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    assert process.wait(TEST_TIMEOUT) == 0
    assert not [pid for pid in everyone if Path("/proc", str(pid)).exists()]


def test_serve_in_production_checks_its_own_health_and_prints_the_public_address(serve, tmp_path):
    """It asked for its own /healthz under a name that is not the site's, was refused, and asked again for ever."""
    _, address = serve(**ENVIRONMENT)
    written = wait_until(
        lambda: "Ctrl-C stops it" in (tmp_path / "out").read_text() and (tmp_path / "out").read_text(),
        seconds=START,
    )
    assert "The site     https://sky.example\n" in written
    assert "Staff        https://sky.example/staff/\n" in written
    assert answers(f"{address}/healthz")
    assert not answers(f"{address}/ko/")  # under the name of the site only


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_killed_supervisor_leaves_no_process_behind(serve):
    process, address = serve()
    wait_until(lambda: answers(f"{address}/healthz"), seconds=START)
    wait_until(lambda: worker_of(process.pid))
    everyone = children(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in everyone))


def test_a_port_in_use_is_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {**os.environ, "PORT": str(port), "PLEDGE_INSTANCE_DIR": str(tmp_path)}
        done = programs.run(sys.executable, "-m", "flask", "--app", "wsgi", "serve", env=environment)
    assert done.returncode == 1
    assert done.stderr == f"Error: port {port} is in use; choose another: make run PORT=8001\n"


@pytest.fixture
def run(tmp_path):
    """`run(url, "demo", "load")`: the command on the database at `url`; it must end well."""

    def flask(url: str, *words: str) -> None:
        environment = {**os.environ, "PLEDGE_DATABASE_URL": url, "PLEDGE_INSTANCE_DIR": str(tmp_path)}
        done = programs.run(sys.executable, "-m", "flask", "--app", "wsgi", *words, env=environment)
        assert done.returncode == 0, done.stderr

    return flask


@pytest.mark.sqlite_only
def test_a_command_leaves_everything_in_the_one_file_of_sqlite(run, new_database):
    """Who copies the file of a site that stands still has all of it."""
    address = new_database("sqlite", "alone")

    run(address, "demo", "load")

    file = Path(address.removeprefix("sqlite:///"))
    assert not file.with_name("alone.sqlite3-wal").exists()
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM campaigns").fetchone() == (1,)


def test_the_migrations_are_compared_with_every_table_there_is(run, app):
    """`db check` ends with 1 when a model is missing on either side."""
    run(app.extensions["pledge.config"].database_url, "db", "check")
