"""`flask doctor` from end to end."""

import os
import subprocess
import sys

import pytest

from config import ROOT
from tests.support import factories
from tests.support.production import PRODUCTION


@pytest.mark.sqlite_only
def test_a_sound_installation_is_all_ok_and_ends_with_0(runner):
    factories.signatures(2)
    runner.invoke(args=["ledger", "fold"])

    result = runner.invoke(args=["doctor"])

    assert result.exit_code == 0, result.output
    *lines, summary = result.output.splitlines()
    assert summary == "0 problems, 0 warnings"
    assert all(line.startswith("ok ") for line in lines)
    seen = {line.split()[1] for line in lines}
    assert seen >= {
        "settings",
        "address",
        "proxies",
        "database",
        "migrations",
        "durability",
        "redis",
        "mail",
        "files",
        "worker",
    }
    assert seen >= {"clock", "data", "campaigns"}


@pytest.mark.postgresql_only
def test_a_problem_ends_with_1_and_the_other_checks_are_made_nevertheless(runner):
    """The PostgreSQL of the tests does not wait for the disk."""
    factories.campaign()

    result = runner.invoke(args=["doctor"])

    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[-1] == "3 problems, 1 warnings", "its WAL is not archived either"
    assert any(line.startswith("problem  durability     fsync = off") for line in lines)
    assert any(line.startswith("ok       campaigns") for line in lines)


def test_without_a_database_the_rest_is_checked(app_on):
    app = app_on("postgresql://user:geheim@127.0.0.1:1/nothing")

    result = app.test_cli_runner().invoke(args=["doctor"])

    assert result.exit_code == 1
    assert "problem  database       does not answer" in result.output
    assert "ok       mail" in result.output
    assert "could not be checked" not in result.output, "what needs the database is left out"
    assert "geheim" not in result.output


@pytest.mark.sqlite_only
def test_the_doctor_prints_no_secret(make_app):
    app = make_app(
        **PRODUCTION
        | {"smtp_url": "smtps://user:geheim@127.0.0.1:1", "redis_url": "redis://:geheim@127.0.0.1:1/0"}
    )

    result = app.test_cli_runner().invoke(args=["doctor"])

    assert result.exit_code == 1
    for secret in ("geheim", "Q7f0-a secret key", "hW3x-another one"):
        assert secret not in result.output


def test_settings_that_forbid_the_start_are_listed_all_at_once(tmp_path):
    """The application cannot be made then, so the start says what the doctor would say."""
    environment = {**os.environ, "PLEDGE_ENV": "production", "PLEDGE_INSTANCE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"]

    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )

    assert result.returncode == 1
    lines = result.stderr.splitlines()
    contacts = ("CONTACT", "PRIVACY_OFFICER", "POSTAL_ADDRESS", "TELEPHONE", "PRESS_CONTACT")
    for name in ("SECRET_KEYS", "DATA_KEYS", "BASE_URL", "SMTP_URL", "MAIL_FROM", *contacts):
        assert any(line.startswith(f"pledge cannot start: PLEDGE_{name}") for line in lines)
