"""Commands as processes of their own, as a shell runs them."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from config import ROOT


@pytest.fixture
def run(tmp_path):
    """`run(url, "demo", "load")`: the command on the database at `url`; it must end well."""

    def flask(url: str, *words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT,
            env={**os.environ, "PLEDGE_DATABASE_URL": url, "PLEDGE_INSTANCE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
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


@pytest.mark.sqlite_only
def test_the_help_lists_every_command_with_a_line_about_it(runner):
    said = runner.invoke(args=["--help"]).output
    described = {
        line.split()[0] for line in said.partition("Commands:")[2].splitlines() if len(line.split()) > 1
    }
    assert {"audit", "delivery", "doctor", "export", "ledger", "serve", "totals", "worker"} <= described
