"""What the worker decides about the forms that people sent, many at a time."""

import pytest
from sqlalchemy import select

from pledge.core.db import db, load, transaction
from pledge.mail import requests, suppression
from pledge.mail.models import MailKind, MailRequest, OutboxMail, RequestKind, Returned
from tests.support.factories import answer_requests, signature
from tests.support.mails import Notes, deliver_all

pytestmark = pytest.mark.usefixtures("app")


def ask(*people, lang="ko"):
    with transaction() as session:
        for person in people:
            requests.ask(session, RequestKind.CONFIRM, person.campaign_id, lang, subject_id=person.id)


def ask_for_link(person):
    with transaction() as session:
        requests.ask(session, RequestKind.LINK, person.campaign_id, "ko", address_hash=person.address_hash)


def mails():
    """Kind, whom it is about and number of each mail in the outbox, in their order."""
    return [
        (mail.kind, mail.subject_id, mail.seq) for mail in load(select(OutboxMail).order_by(OutboxMail.id))
    ]


def pending(number):
    return [signature(state="pending", mails=0) for _ in range(number)]


@pytest.mark.parametrize("people", [1, 20])
def test_twenty_forms_take_as_many_statements_as_one(statements, people):
    ask(*pending(people))
    with statements() as seen:
        answer_requests()
    assert len(mails()) == people
    # Find and claim; lock and read, search for mails; read addresses, what waits and stops; how many wait at each domain and network; slots, numbers, mails; trim; delete; find the next.
    takes_lock = db.engine.dialect.name == "postgresql"
    assert len(seen) == 14 + takes_lock, seen


def test_confirmations_and_links_that_come_in_turns_are_answered_kind_by_kind(statements):
    known = [signature() for _ in range(2)]
    for number, person in enumerate(pending(4)):
        ask(person)
        if number < len(known):
            ask_for_link(known[number])
    with statements() as seen:
        answer_requests()
    assert len([statement for statement in seen if "code_only_after" in statement]) == 1, seen
    assert [kind for kind, _, _ in mails()] == [MailKind.CONFIRM] * 4 + [MailKind.MANAGE] * 2


def test_each_person_of_a_batch_gets_the_mail_that_is_for_them():
    new, suppressed = pending(2)
    counted, gone = signature(), signature(state="withdrawn")
    again = signature(state="pending", email=counted.email)
    suppression.stop(suppressed.email, Returned.NO_MAILBOX, known=False)
    ask(new, again, gone, suppressed)
    answer_requests()
    assert mails() == [
        (MailKind.CONFIRM, new.id, 1),
        (MailKind.ALREADY, counted.id, 1),
        (MailKind.MANAGE, gone.id, 1),
    ]
    assert db.session.scalars(select(MailRequest)).all() == []


def test_a_form_that_is_twice_in_a_batch_has_one_mail():
    (person,) = pending(1)
    ask(person, lang="en")
    ask(person, lang="ko")
    answer_requests()
    assert mails() == [(MailKind.CONFIRM, person.id, 1)]
    assert db.session.scalars(select(OutboxMail.lang)).all() == ["en"]


def test_of_several_forms_of_one_person_with_a_tag_each_takes_its_slot_of_all_tags(frozen_clock):
    people = [signature(state="pending", email=f"hong+{tag}@example.org") for tag in range(5)]
    ask(*people)
    answer_requests()
    now = frozen_clock.now()
    due = db.session.scalars(select(OutboxMail.due_at).order_by(OutboxMail.id)).all()
    assert [(moment - now).total_seconds() // 60 for moment in due] == [0, 10, 20, 24 * 60, 24 * 60 + 10]
    assert [subject for _, subject, _ in mails()] == [person.id for person in people]
    deliver_all(notes := Notes())
    assert notes.recipients == ["hong+0@example.org"]
