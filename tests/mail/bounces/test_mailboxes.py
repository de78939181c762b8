"""The mailbox that bounces come to: read message by message, deleted when recorded, and never waited for."""

import mailbox
import time as machine

import pytest
from sqlalchemy.exc import OperationalError

from pledge.core.db import db
from pledge.mail import suppression
from pledge.mail.bounces import mailboxes, services
from pledge.mail.bounces.mailboxes import BadMailboxUrl, MailboxAway
from pledge.mail.models import Returned
from tests.mail.bounces import reports
from tests.mail.bounces.reports import report
from tests.support.imap import HANGS_FOR, ImapServer
from tests.support.mails import enqueue, fate, pending
from tests.support.worker import run_step


@pytest.fixture
def maildir(tmp_path):
    return mailbox.Maildir(tmp_path / "bounces")


def suppressed(address=reports.MAILBOX):
    return bool(suppression.suppressed(db.session, {(address, False)}))


def test_what_lies_in_a_maildir_is_recorded_and_deleted(site, maildir, tmp_path):
    mail = enqueue(pending(reports.MAILBOX))
    maildir.add(report("postfix-unknown-user", mail_id=mail))
    maildir.add(report("out-of-office", mail_id=mail))
    maildir.add(b"Subject: spam\r\n\r\nspam")
    assert mailboxes.read(f"maildir:{tmp_path}/bounces", services.handle_message) == 3
    assert len(maildir) == 0
    row = fate(mail)
    assert (row.returned, row.returned_status) == (Returned.NO_MAILBOX, "5.1.1")
    assert suppressed()


@pytest.mark.sqlite_only
def test_what_lies_in_an_imap_mailbox_is_recorded_and_deleted(site):
    mail = enqueue(pending(reports.MAILBOX))
    with ImapServer({4: report("arf-abuse", mail_id=mail), 9: b"x"}) as server:
        assert mailboxes.read(server.url, services.handle_message) == 2
        assert server.messages == {}
        assert server.seen[-2:] == ["EXPUNGE", "LOGOUT"]
        assert mailboxes.read(server.url, services.handle_message) == 0
    assert fate(mail).returned == Returned.COMPLAINT
    assert suppressed()


@pytest.mark.sqlite_only
def test_of_a_message_of_ten_megabytes_the_beginning_is_fetched(site):
    taken = []
    with ImapServer({1: report("postfix-unknown-user") + b"x" * 10_000_000}) as server:
        mailboxes.read(server.url, taken.append)
    assert [len(content) for content in taken] == [256 * 1024]


@pytest.mark.sqlite_only
def test_a_message_that_could_not_be_recorded_stays(site, maildir, tmp_path):
    def fail(_content):
        raise OperationalError("insert", {}, Exception("away"))

    maildir.add(report("arf-abuse"))
    with ImapServer({1: report("arf-abuse")}) as server:
        for url in (server.url, f"maildir:{tmp_path}/bounces"):
            with pytest.raises(OperationalError):
                mailboxes.read(url, fail)
        assert list(server.messages) == [1]
    assert len(maildir) == 1


@pytest.mark.sqlite_only
def test_a_worker_that_stops_begins_no_other_message(site, maildir, tmp_path):
    for _ in range(3):
        maildir.add(b"x")
    taken = []
    mailboxes.read(f"maildir:{tmp_path}/bounces", taken.append, stop=lambda: bool(taken))
    assert len(taken) == 1
    assert len(maildir) == 2


@pytest.mark.sqlite_only
@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "SEARCH", "FETCH", "STORE"])
def test_a_server_that_refuses_is_away(site, command):
    with ImapServer({1: b"x"}, refuses=frozenset({command})) as server, pytest.raises(MailboxAway) as away:
        mailboxes.read(server.url, lambda _content: None)
    assert "secret" not in str(away.value)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("command", ["LOGIN", "FETCH"])
def test_a_server_that_hangs_is_given_up(site, command, monkeypatch):
    monkeypatch.setattr(mailboxes, "TIMEOUT", 0.3)
    begun = machine.monotonic()
    with ImapServer({1: b"x"}, hangs_at=command) as server, pytest.raises(MailboxAway):
        mailboxes.read(server.url, lambda _content: None)
    assert machine.monotonic() - begun < HANGS_FOR


@pytest.mark.sqlite_only
def test_the_worker_looks_again_later_when_the_mailbox_is_away(make_app, tmp_path):
    away = make_app(bounce_address=reports.ADDRESS, bounce_mailbox=f"maildir:{tmp_path}/none")
    mailbox.Maildir(tmp_path / "there")
    there = make_app(bounce_address=reports.ADDRESS, bounce_mailbox=f"maildir:{tmp_path}/there")
    for app in (away, there):
        with app.app_context():
            assert run_step(app, "bounces") == 30


@pytest.mark.parametrize(
    "url",
    [
        "imap://reader:secret@mail.example/INBOX",
        "imaps://mail.example/INBOX",
        "maildir:relative",
        "maildir://host/path",
        "pop3://a:b@c",
    ],
)
def test_a_mailbox_that_cannot_be_read_is_refused_without_quoting_it(url):
    with pytest.raises(BadMailboxUrl) as refusal:
        mailboxes.check(url)
    assert "secret" not in str(refusal.value)
