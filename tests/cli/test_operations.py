"""What an operator runs: doctor, mail …."""

import pytest
from pydantic import SecretStr

from pledge.mail.transports import SmtpTransport
from tests.support import factories
from tests.support.insider import as_superuser
from tests.support.mails import Notes, deliver, enqueue, fate, pending
from tests.support.production import PRODUCTION
from tests.support.waiting import TEST_TIMEOUT


@pytest.mark.sqlite_only
def test_a_sound_installation_is_all_ok_and_ends_with_0(runner):
    factories.signatures(2)
    runner.invoke(args=["ledger", "fold"])

    *lines, summary = runner.run("doctor").splitlines()
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

    lines = runner.run("doctor", code=1).splitlines()
    assert lines[-1] == "3 problems, 1 warnings", "its WAL is not archived either"
    assert any(line.startswith("problem  durability     fsync = off") for line in lines)
    assert any(line.startswith("ok       campaigns") for line in lines)


def test_without_a_database_the_rest_is_checked(app_on):
    app = app_on("postgresql://user:geheim@127.0.0.1:1/nothing")

    result = app.test_cli_runner().run("doctor", code=1)
    assert "problem  database       does not answer" in result
    assert "ok       mail" in result
    assert "could not be checked" not in result, "what needs the database is left out"
    assert "geheim" not in result


@pytest.mark.sqlite_only
def test_the_doctor_prints_no_secret(make_app):
    app = make_app(
        **PRODUCTION
        | {"smtp_url": "smtps://user:geheim@127.0.0.1:1", "redis_url": "redis://:geheim@127.0.0.1:1/0"}
    )

    result = app.test_cli_runner().run("doctor", code=1)
    for secret in ("geheim", "Q7f0-a secret key", "hW3x-another one"):
        assert secret not in result


@pytest.fixture
def to_server(app, smtp, monkeypatch):
    """The application of this test mails to the test's server."""
    settings = app.extensions["pledge.config"].model_copy(update={"smtp_url": SecretStr(smtp.url)})
    monkeypatch.setitem(app.extensions, "pledge.config", settings)


def test_deliver_sends_all_that_is_due(app, runner, smtp, to_server):
    for _ in range(60):
        enqueue()

    assert runner.run("mail", "deliver") == "sent 60, no longer needed 0, put off 0, given up 0\n"
    assert len(smtp.received) == 60


def test_deliver_says_when_the_server_takes_no_mail(app, runner, smtp, to_server):
    enqueue()
    smtp.stop()
    try:
        result = runner.invoke(args=["mail", "deliver"])
    finally:
        smtp.start()

    assert result.exit_code == 1
    assert "put off 1" in result.output
    assert "waits in the outbox" in result.output


@pytest.fixture
def given_up(app, smtp):
    smtp.behave(at_recipient="550 5.7.1 nobody@example.org may not be written to")
    mails = [enqueue(pending(f"nobody-{number}@example.org")) for number in range(2)]
    transport = SmtpTransport(smtp.url, "no-reply@example.org", "localhost", timeout=TEST_TIMEOUT)
    deliver(transport)
    transport.close()
    return mails


def test_dead_lists_what_was_given_up_without_addresses(runner, given_up):
    result = runner.run("mail", "dead")
    for mail in given_up:
        assert f"{mail}  confirm  ko" in result
    assert "5xx 550" in result
    assert "2 given up" in result
    assert "@" not in result
    assert "nobody" not in result


@pytest.mark.parametrize("words", [["dead"], ["retry", "--all"]])
def test_a_database_that_refuses_a_command_is_one_line(app, runner, words):
    as_superuser("ALTER TABLE outbox_mails RENAME TO elsewhere")
    result = runner.invoke(args=["mail", *words])
    as_superuser("ALTER TABLE elsewhere RENAME TO outbox_mails")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert result.output.endswith("run `flask db upgrade`\n")


def test_retry_queues_one_mail_again(runner, given_up):
    first, second = given_up
    result = runner.invoke(args=["mail", "retry", str(first)])

    assert (result.exit_code, result.output) == (0, "1 queued again\n")
    assert (fate(first).state, fate(second).state) == ("queued", "dead")
    assert deliver(Notes()).sent == 1


def test_mail_retry_queues_all_dead_letters_again(runner, given_up):
    assert runner.invoke(args=["mail", "retry", "--all"]).output == "2 queued again\n"
    assert deliver(Notes()).sent == 2


@pytest.mark.parametrize("words", [[], ["1", "--all"]])
def test_retry_wants_one_mail_or_all(runner, words):
    runner.run("mail", "retry", *words, code=2)


def test_retry_of_a_mail_that_was_not_given_up_fails(app, runner):
    mail = enqueue()

    runner.run("mail", "retry", str(mail), code=1)
    assert fate(mail).state == "queued"
