"""`flask mail deliver`, `flask mail dead`, `flask mail retry`."""

import pytest
from pydantic import SecretStr

from tests.support.mails import Notes, deliver, enqueue, fate, pending


@pytest.fixture
def to_server(app, smtp, monkeypatch):
    """The application of this test mails to the test's server."""
    settings = app.extensions["pledge.config"].model_copy(update={"smtp_url": SecretStr(smtp.url)})
    monkeypatch.setitem(app.extensions, "pledge.config", settings)


def test_deliver_sends_all_that_is_due(app, runner, smtp, to_server):
    for _ in range(60):
        enqueue()

    result = runner.invoke(args=["mail", "deliver"])

    assert result.exit_code == 0, result.output
    assert result.output == "sent 60, no longer needed 0, put off 0, given up 0\n"
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
def given_up(app, smtp, transport):
    smtp.behave(at_recipient="550 5.7.1 nobody@example.org may not be written to")
    mails = [enqueue(pending(f"nobody-{number}@example.org")) for number in range(2)]
    deliver(transport)
    return mails


def test_dead_lists_what_was_given_up_without_addresses(runner, given_up):
    result = runner.invoke(args=["mail", "dead"])

    assert result.exit_code == 0
    for mail in given_up:
        assert f"{mail}  confirm  ko" in result.output
    assert "5xx 550" in result.output
    assert "2 given up" in result.output
    assert "@" not in result.output
    assert "nobody" not in result.output


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
    assert runner.invoke(args=["mail", "retry", *words]).exit_code == 2


def test_retry_of_a_mail_that_was_not_given_up_fails(app, runner):
    mail = enqueue()

    result = runner.invoke(args=["mail", "retry", str(mail)])

    assert result.exit_code == 1
    assert fate(mail).state == "queued"
