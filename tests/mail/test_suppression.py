"""Mailboxes that get no mail any more, as there is none or its owner complained."""

from datetime import timedelta

import pytest

from pledge.audit.queries import Search, page
from pledge.core.db import db, transaction
from pledge.mail import queries, requests, suppression
from pledge.mail.models import MailKind, MailState, OutboxMail, RequestKind, Returned
from pledge.signatures import services
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.mails import Notes, deliver, enqueue, enqueue_true, fate, pending
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")


def suppress(address, reason=Returned.NO_MAILBOX):
    with transaction() as session:
        suppression.suppress(session, suppression.key(address), reason, known=True)


def is_suppressed(address):
    return suppression.suppressed(db.session, {(address, True)}) == {(address, True)}


def ask(row):
    with transaction() as session:
        requests.ask(session, RequestKind.CONFIRM, row.campaign_id, "ko", subject_id=row.id)
    factories.answer_requests()


@pytest.mark.parametrize(
    "kind", [MailKind.CONFIRM, MailKind.NEWS, MailKind.ENDORSE_PUBLISHED, MailKind.THANKS]
)
def test_no_mail_goes_to_a_suppressed_mailbox(kind):
    suppress(enqueue_true(kind))
    notes = Notes()
    assert deliver(notes).dropped == 1
    assert notes.sent == []


def test_what_the_provider_ignores_is_the_same_address():
    suppress("h.ong+a@gmail.com")
    enqueue(pending("hong+b@gmail.com"))
    notes = Notes()
    deliver(notes)
    assert notes.recipients == []


@pytest.mark.parametrize(
    "kind", [MailKind.STAFF_INVITATION, MailKind.STAFF_NOTICE, MailKind.STAFF_ALERT, MailKind.NEWS_TEST]
)
def test_mail_to_staff_is_never_stopped(kind):
    address = enqueue_true(kind)
    suppress(address)
    notes = Notes()
    deliver(notes)
    assert notes.recipients == [address]


def test_a_stop_of_somebody_who_never_confirmed_ends_when_another_spelling_confirms(smtp, transport):
    smtp.behave(at_recipient="550 5.1.1 no such user")
    enqueue(pending("hong@mac.com"), known=False)
    deliver(transport)
    again = pending("hong@mac.com", of=factories.campaign(slug="another"))
    notes = Notes()
    ask(again)
    deliver(notes)
    assert notes.recipients == []
    services.confirm(pending("hong@icloud.com").id)
    ask(again)
    deliver(notes)
    assert notes.recipients == ["hong@mac.com"]


def test_a_stop_of_somebody_who_had_confirmed_before_holds_for_every_mail(smtp, transport):
    person = factories.signature(email="hong@corp.example.org")
    smtp.behave(at_recipient="550 5.1.1 no such user")
    enqueue(person, MailKind.MANAGE, known=False)
    deliver(transport)
    smtp.behave(at_recipient=None)
    enqueue(person, MailKind.MANAGE)
    notes = Notes()
    assert deliver(notes).dropped == 1


def test_no_mail_is_enqueued_and_the_page_is_the_same(app):
    factories.campaign()
    client = app.test_client()
    suppress("gone@example.org")
    pages = []
    for address in ("gone@example.org", "here@example.org"):
        answer = client.post("/en/c/blue-skies/sign", data=factories.sign_form(email=address))
        page = client.get(answer.location)
        pages.append((answer.status_code, page.status_code, page.text.replace(answer.location, "")))
    factories.answer_requests()
    assert number_of(OutboxMail) == 1
    assert pages[0][:2] == pages[1][:2] == (303, 200)
    assert len(pages[0][2]) == len(pages[1][2])


def test_of_several_reports_at_once_each_is_taken(app):
    at_once(app, *[lambda: suppression.stop("gone@example.org", Returned.NO_MAILBOX, known=True)] * 8)
    suppress("gone@example.org", Returned.COMPLAINT)
    assert suppression.counts() == {Returned.COMPLAINT: 1}


def test_a_suppression_ends_after_180_days(clock):
    suppress("hong@example.org")
    clock.move(days=179)
    assert is_suppressed("hong@example.org")
    clock.move(days=1, seconds=1)
    assert not is_suppressed("hong@example.org")
    assert suppression.counts() == {}


# --- The server says so at once ---


@pytest.mark.parametrize(
    ("answer", "returned", "stops"),
    [
        ("550 5.1.1 <x>: Recipient address rejected", Returned.NO_MAILBOX, True),
        ("550 5.1.3 bad address", Returned.NO_MAILBOX, True),
        ("554 5.1.0 Sender denied", Returned.REFUSED, False),
        ("550 5.2.1 receiving mail at a rate that prevents delivery", Returned.REFUSED, False),
        ("552 5.2.2 mailbox full", Returned.FULL, False),
        ("550 5.7.1 your network is listed", Returned.POLICY, False),
        # Without a code nobody knows whether the address or the sender is meant.
        ("550 no", Returned.REFUSED, False),
    ],
)
def test_an_answer_that_is_about_the_address_stops_its_mails(smtp, transport, answer, returned, stops):
    smtp.behave(at_recipient=answer)
    mail = enqueue(pending("gone@example.org"))
    deliver(transport)
    row = fate(mail)
    assert (row.state, row.returned, row.last_error[:3]) == (MailState.DEAD, returned, "5xx")
    assert is_suppressed("gone@example.org") is stops
    assert queries.returned_counts(timedelta(days=1)) == {returned: 1}


def test_a_server_that_is_busy_stops_nothing(smtp, transport):
    smtp.behave(at_recipient="450 4.2.1 later")
    enqueue(pending("busy@example.org"))
    deliver(transport)
    assert not is_suppressed("busy@example.org")


# --- Staff ---


def test_staff_lift_a_suppression_for_an_address_that_they_type():
    suppress("hong@example.org", Returned.COMPLAINT)
    assert suppression.lift(factories.ANNA, "kim@example.org") is None
    assert suppression.lift(factories.ANNA, "HONG@example.org") is Returned.COMPLAINT
    assert not is_suppressed("hong@example.org")
    assert suppression.lift(factories.ANNA, "hong@example.org") is None
    (entry,) = page(Search()).lines
    assert (entry.action, "hong" in str(entry)) == ("mail.lift", False)
