"""A command as the process that it is: how much memory it takes, and that it loads only what it uses (docs/adr/0060)."""

import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from config import ROOT
from tests.support.factories import SLUG, crowd, fold_all

#: Megabytes, whatever the number of rows.
MOST = 100
#: What the site stands on and an export of rows has no use for.
OF_OTHERS = {
    *("alembic", "flask_migrate", "flask_security", "flask_login", "flask_wtf", "wtforms", "webauthn"),
    *("typst", "xlsxwriter", "obstore", "icalendar", "whitenoise", "brotli", "segno", "cryptography"),
    *("pledge.web", "pledge.public", "pledge.staff", "pledge.api", "pledge.ops", "pledge.worker"),
}

#: Runs `flask` with the words that follow and writes into a file what became of the process. VmHWM is the most that this
#: program had in memory; the kernel's ru_maxrss would begin with that of the test run, which starts it.
WATCHED = """
import atexit, json, re, sys
from pathlib import Path
report = sys.argv.pop(1)
def tell():
    peak = re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]
    tables = sys.modules["pledge.db"].db.metadata.tables
    keys = {key.target_fullname for table in tables.values() for key in table.foreign_keys}
    told = {
        "megabytes": int(peak) / 1024,
        "modules": sorted(sys.modules),
        "dangling": sorted(key for key in keys if key.split(".")[0] not in tables),
    }
    Path(report).write_text(json.dumps(told))
atexit.register(tell)
from flask.cli import main
main()
"""


@pytest.fixture
def run(app: Flask, tmp_path):
    """`run("totals", "blue-skies")`: the command in a process of its own on the test's database; peak memory and modules."""

    def flask(*words: str, **settings: str) -> tuple[float, set[str]]:
        report = tmp_path / "report.json"
        own = {
            "PLEDGE_DATABASE_URL": app.extensions["pledge.config"].database_url,
            "PLEDGE_INSTANCE_DIR": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, str(report), "--app", "wsgi", *words],
            cwd=ROOT,
            env={**os.environ, **own, **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(report.read_text())
        assert told["dangling"] == [], "a table that it knows refers to one that it has not imported"
        return told["megabytes"], set(told["modules"])

    return flask


def test_an_export_takes_less_than_a_hundred_megabytes_and_loads_nothing_of_others(run, tmp_path):
    crowd(6_000)
    fold_all()
    out = tmp_path / "rows.zip"

    megabytes, modules = run("export", SLUG, "ledger", "--out", str(out))

    with zipfile.ZipFile(out) as archive:
        assert json.loads(archive.read("manifest.json"))["rows"] == 6_000
    assert modules & OF_OTHERS == set()
    assert megabytes < MOST


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "words",
    [("totals", SLUG), ("audit", "verify"), ("ledger", "recount"), ("staff", "list"), ("mail", "deliver")],
)
def test_a_command_answers_no_request_and_loads_no_screen(run, words):
    crowd(1)
    fold_all()

    _, modules = run(*words)

    assert {
        name for name in modules if name.startswith(("pledge.web", "pledge.public", "pledge.staff"))
    } == set()


@pytest.mark.sqlite_only
def test_what_looks_at_the_addresses_of_the_site_has_them(run):
    _, modules = run("routes")
    assert {"pledge.web", "pledge.public", "pledge.staff"} <= modules


@pytest.mark.sqlite_only
def test_its_end_leaves_everything_in_the_one_file_of_sqlite(run, new_database):
    """Who copies the file of a site that stands still has all of it."""
    address = new_database("sqlite", "alone")

    run("demo", "load", PLEDGE_DATABASE_URL=address)

    file = Path(address.removeprefix("sqlite:///"))
    assert not file.with_name("alone.sqlite3-wal").exists()
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM campaigns").fetchone() == (1,)


def test_the_migrations_are_compared_with_every_table_there_is(run):
    """`db check` ends with 1 when a model is missing on either side, also one that no command has imported."""
    run("db", "check")


@pytest.mark.sqlite_only
def test_the_help_lists_every_command_with_a_line_about_it(runner):
    said = runner.invoke(args=["--help"]).output
    described = {
        line.split()[0] for line in said.partition("Commands:")[2].splitlines() if len(line.split()) > 1
    }
    assert {"audit", "db", "delivery", "doctor", "export", "ledger", "serve", "totals", "worker"} <= described
