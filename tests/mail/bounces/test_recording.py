"""What is recorded of a report, once, and what a mail's return path looks like on the way out."""

import pytest
from sqlalchemy import select

from pledge.core.db import db
from pledge.mail import suppression
from pledge.mail.bounces import return_path, services
from pledge.mail.models import MailEvent, MailState, MailSuppression, Returned
from pledge.mail.transports import SmtpTransport
from tests.mail.bounces.reports import MAILBOX, report
from tests.support.at_once import at_once
from tests.support.mails import Notes, deliver, enqueue, fate, pending
from tests.support.rows import number_of
from tests.support.waiting import TEST_TIMEOUT


def test_each_mail_goes_out_with_a_return_path_of_its_own(site, smtp):
    first, second = enqueue(pending("a@example.org")), enqueue(pending("b@example.org"))
    transport = SmtpTransport(smtp.url, "no-reply@example.org", "localhost", timeout=TEST_TIMEOUT)
    deliver(transport)
    transport.close()
    paths = {mail.recipients[0]: return_path.find(mail.sender.encode()) for mail in smtp.received}
    assert {to: sent.id for to, sent in paths.items()} == {"a@example.org": first, "b@example.org": second}
    for to, sent in paths.items():
        assert sent.key == suppression.key(to)


@pytest.mark.parametrize(
    ("names", "returned", "stops"),
    [
        (["postfix-delayed"], Returned.DELAYED, False),
        (["postfix-delayed", "postfix-unknown-user"], Returned.NO_MAILBOX, True),
        (["postfix-unknown-user", "postfix-delayed"], Returned.NO_MAILBOX, True),
        (["exchange-policy"], Returned.POLICY, False),
        (["gmail-full", "arf-abuse"], Returned.COMPLAINT, True),
        (["gmail-full", "gmail-full"], Returned.FULL, False),
    ],
)
def test_what_came_back_is_kept_with_the_mail(site, names, returned, stops):
    mail = enqueue(pending(MAILBOX))
    for name in names:
        assert services.handle_message(report(name, mail_id=mail))
    row = fate(mail)
    assert (row.state, row.returned) == (MailState.QUEUED, returned)
    assert number_of(MailSuppression) == stops


def test_a_complaint_counts_after_the_mail_is_forgotten(site):
    assert services.handle_message(report("arf-abuse", mail_id=999_999))
    assert suppression.suppressed(db.session, {(MAILBOX, False), (MAILBOX, True)}) == {(MAILBOX, False)}


def test_of_the_text_of_a_report_nothing_is_stored(site, caplog, capsys):
    services.handle_message(report("postfix-unknown-user", mail_id=enqueue(pending(MAILBOX))))
    with db.engine.connect() as connection:
        dump = " ".join(
            str(row) for table in db.metadata.sorted_tables for row in connection.execute(select(table))
        )
    for text in (dump, capsys.readouterr().err):
        assert "corp.example" not in text
        assert "User unknown" not in text


def test_an_event_that_comes_twenty_times_at_once_counts_once(site):
    raw = report("arf-abuse", mail_id=enqueue(pending(MAILBOX)))
    taken = at_once(site, *[lambda: services.handle_message(raw, b"e" * 32)] * 20)
    assert sorted(taken) == [False] * 19 + [True]
    assert number_of(MailEvent) == 1


@pytest.mark.parametrize(
    ("bounced", "others"),
    [
        # Naver has no tags: the one with a tag is an address that somebody has made up.
        ("hong+a@naver.com", ["hong@naver.com", "hong+b@naver.com"]),
        ("hong+a@corp.example.org", ["hong@corp.example.org", "kim@corp.example.org"]),
        # Another domain of the same provider, which may not be theirs.
        ("hong@mac.com", ["hong@icloud.com"]),
        ("hong+a@gmail.com", ["kim@gmail.com"]),
    ],
)
@pytest.mark.parametrize("way", ["report", "answer"])
def test_a_bounce_stops_mails_to_the_address_that_bounced_and_to_no_other(site, smtp, way, bounced, others):
    server = SmtpTransport(smtp.url, "no-reply@example.org", "localhost", timeout=TEST_TIMEOUT)
    if way == "answer":
        smtp.behave(at_recipient="550 5.1.1 no such user")
    mail = enqueue(pending(bounced), known=False)
    deliver(server)
    server.close()
    if way == "report":
        path = smtp.received[0].sender
        assert services.handle_message(report("postfix-unknown-user", path=path))
    for address in (bounced, *others):
        enqueue(pending(address), known=False)
    notes = Notes()
    deliver(notes)
    assert fate(mail).returned == Returned.NO_MAILBOX
    assert sorted(notes.recipients) == sorted(others)
