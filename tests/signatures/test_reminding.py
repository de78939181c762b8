"""One reminder to whoever has not confirmed after two days, and to nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pledge.audit.models import Actor
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import db, load, transaction
from pledge.mail.models import MailKind, OutboxMail
from pledge.retention import services as retention
from pledge.signatures import reminding, services
from pledge.signatures.models import Signature
from pledge.signatures.reminding import BATCH
from pledge.switches import services as switches
from tests.support import crash
from tests.support.at_once import at_once
from tests.support.factories import (
    answer_requests,
    code,
    confirm_token,
    mailed,
    manage_token,
    signature,
    the_campaign,
)
from tests.support.mails import LINK, delivered, enqueue, fate, part
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")

ADMIN = Actor(1, "admin@pledge.example", "")
HONG = "hong@example.org"


def work():
    """Let the worker decide until it rests."""
    while reminding.advance():
        pass


def reminders():
    """The submissions that somebody is reminded of."""
    query = select(OutboxMail.subject_id).where(OutboxMail.kind == MailKind.REMINDER)
    return load(query.order_by(OutboxMail.id))


def waiting(hours=48, **facts):
    """A submission of so many hours ago whose mail to confirm was sent."""
    return mailed(signature(state="pending", at=clock.now() - timedelta(hours=hours), **facts))


def test_who_has_not_confirmed_is_reminded_once_after_48_hours(frozen_clock):
    person = waiting(hours=47, lang="en")
    work()
    assert reminders() == []
    frozen_clock.move(hours=1)
    work()
    [(to, mail)] = delivered()
    assert to == person.email
    assert mail["Subject"] == "[Blue Skies] Your signature is not confirmed yet"
    frozen_clock.move(days=3)
    work()
    assert delivered() == []
    assert reminders() == [person.id]


def test_the_link_of_a_reminder_confirms_and_the_code_of_the_mail_before_still_works(client, frozen_clock):
    person, other = waiting(), waiting()
    work()
    text = {to: part(mail, "plain") for to, mail in delivered()}[person.email]
    link, not_me = LINK.findall(text)
    assert not_me == f"{link}/not-me"
    assert client.post(link.removeprefix("http://localhost")).status_code == 303
    assert services.confirm_by_code(other.id, code(other)) is services.Confirmation.DONE


def confirmed(person):
    services.confirm(person.id)


def disowned(person):
    services.disown(confirm_token(person))


def confirmed_and_withdrawn(person):
    services.confirm(person.id)
    services.withdraw(manage_token(person))


def counted_by_another_submission(person):
    services.confirm(signature(state="pending", email=person.email).id)


def counted_and_withdrawn_by_another_submission(person):
    other = signature(state="pending", email=person.email)
    services.confirm(other.id)
    services.withdraw(manage_token(other))


def campaign_closed(_person):
    with transaction() as session:
        session.execute(update(Campaign).values(state="closed"))


def campaign_over(_person):
    with transaction() as session:
        session.execute(update(Campaign).values(closes_at=clock.now() - timedelta(minutes=1)))


def signing_paused(_person):
    switches.turn(ADMIN, "signing", True, "attack")


def deleted(_person):
    with transaction() as session:
        session.execute(update(Signature).values(submitted_at=clock.now() - timedelta(days=15)))
    retention.run({}, {})


NO_REMINDER = [
    confirmed,
    disowned,
    confirmed_and_withdrawn,
    counted_by_another_submission,
    counted_and_withdrawn_by_another_submission,
    campaign_closed,
    campaign_over,
    signing_paused,
    deleted,
]


@pytest.mark.parametrize("happened", NO_REMINDER)
def test_nobody_is_reminded_after(frozen_clock, happened):
    happened(waiting())
    work()
    assert reminders() == []


@pytest.mark.parametrize("happened", [reason for reason in NO_REMINDER if reason is not signing_paused])
def test_a_reminder_that_waits_is_not_sent_after(frozen_clock, happened):
    person = waiting()
    work()
    assert reminders() == [person.id]
    happened(person)
    assert "아직 완료되지" not in "".join(str(mail["Subject"]) for _, mail in delivered())


def test_a_reminder_that_waits_is_not_sent_while_signing_is_paused(frozen_clock):
    waiting()
    work()
    signing_paused(None)
    assert delivered() == []


def test_reminders_wait_while_mail_is_paused_and_while_mails_to_new_addresses_wait(frozen_clock):
    person = waiting()
    switches.turn(ADMIN, "mail", True, "attack")
    work()
    assert reminders() == []
    switches.turn(ADMIN, "mail", False, "over")
    first = enqueue(known=False)
    work()
    assert reminders() == []
    delivered()
    assert fate(first).state == "sent"
    work()
    assert reminders() == [person.id]


def test_nobody_is_reminded_whose_mail_to_confirm_was_refused_or_never_sent(frozen_clock):
    at = frozen_clock.now() - timedelta(hours=50)
    signature(state="pending", at=at)
    dead = signature(state="pending", at=at)
    enqueue(dead, known=True)
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="dead"))
    work()
    assert reminders() == []


def test_a_mail_to_confirm_asked_for_again_begins_the_two_days_anew(frozen_clock):
    person = waiting(hours=47)
    frozen_clock.move(minutes=2)
    services.renew(confirm_token(person), "ko")
    answer_requests()
    delivered()
    frozen_clock.move(hours=2)
    work()
    assert reminders() == []
    frozen_clock.move(hours=46)
    work()
    assert reminders() == [person.id]


def test_of_several_submissions_of_a_person_only_the_newest_is_reminded_of(frozen_clock):
    waiting(hours=60, email=HONG)
    newest = waiting(hours=50, email=HONG)
    work()
    assert reminders() == [newest.id]
    delivered()
    frozen_clock.move(hours=1)
    waiting(hours=0, email=HONG)
    frozen_clock.move(hours=49)
    work()
    assert reminders() == [newest.id]


def test_a_reminder_is_one_of_the_five_mails_to_confirm_of_thirty_days(frozen_clock):
    of = the_campaign()
    for number in range(3):
        signature(of, state="pending", email=HONG, at=frozen_clock.now() - timedelta(seconds=number))
    rows = list(db.session.scalars(select(Signature.id)))
    for signature_id in (*rows, *rows[:2]):
        services.renew(confirm_token(db.session.get_one(Signature, signature_id)), "ko")
        answer_requests()
        delivered()
        frozen_clock.move(hours=9)
    frozen_clock.move(hours=48)
    work()
    assert reminders() == []


def test_a_worker_that_is_killed_reminds_everybody_once(frozen_clock):
    people = [waiting(hours=50 + number) for number in range(3)]
    for number in range(1, 200):
        ended = False
        with crash.at_statement(number, crash.Killed):
            work()
            ended = len(reminders()) == len(people)
        if ended:
            break
        assert len(reminders()) == number_of(Signature, Signature.reminded)
        delivered()
    assert number > 5
    assert sorted(reminders()) == sorted(person.id for person in people)


def test_workers_side_by_side_remind_everybody_once(app, frozen_clock):
    people = [waiting() for _ in range(6)]
    at_once(app, *[work] * 4)
    assert sorted(reminders()) == sorted(person.id for person in people)


def test_many_are_reminded_batch_by_batch(frozen_clock):
    people = [waiting(email=f"hong{number}@example.org") for number in range(3)]
    assert reminding.advance(limit=2)
    delivered()
    assert reminding.advance(limit=2)
    assert not reminding.advance(limit=2)
    assert len(reminders()) == len(people) < BATCH
