"""Sending news: to everybody who asked for it, to nobody twice, at its pace, never in the way of other mails."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from pledge.audit.models import AuditEntry
from pledge.core import clock as time
from pledge.core.db import db, load, transaction
from pledge.mail import queries as outbox
from pledge.mail import services as mail
from pledge.mail.models import MailKind, OutboxMail, Returned
from pledge.news import queries, sending, services
from pledge.news.models import NewsState
from pledge.signatures import services as signature_services
from tests.support import crash
from tests.support import news as support
from tests.support.factories import (
    SLUG,
    campaign,
    crowd,
    fold_all,
    manage_token,
    signature,
    the_campaign,
    unsubscribe_token,
)
from tests.support.mails import Notes, deliver, deliver_all, enqueue, pending

pytestmark = pytest.mark.usefixtures("app")

FAST = 100_000


def work(pace=FAST, limit=sending.BATCH):
    """Let the worker go on until it rests; how many batches it took."""
    batches = 0
    while sending.advance(pace, limit):
        batches += 1
    return batches


def enqueued():
    """Whom mails of news are enqueued for, in the order in which it is due."""
    query = select(OutboxMail.subject_id).where(OutboxMail.kind == MailKind.NEWS)
    return load(query.order_by(OutboxMail.due_at, OutboxMail.id))


def wanting(number, **facts):
    return sorted(crowd(number, updates=True, **facts))


# --- Who ---


def test_everybody_who_asked_for_news_gets_one_mail_in_their_language():
    people = [signature(updates=True, lang=lang) for lang in ("ko", "en", "ko")]
    signature()
    item = support.begun()
    work()
    rows = load(select(OutboxMail))
    assert {(row.subject_id, row.lang) for row in rows} == {(person.id, person.lang) for person in people}
    assert {(row.kind, row.seq, row.state) for row in rows} == {("news", item, "queued")}
    ended = support.row(item)
    assert (ended.mails, ended.state) == (3, NewsState.SENT)
    assert ended.ended_at is not None
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (last.action, last.actor) == ("news.sent", "worker")
    assert work() == 0


@pytest.mark.parametrize("state", ["pending", "withdrawn", "invalidated"])
def test_who_is_not_counted_is_not_written_to(state):
    signature()
    signature(state=state, updates=True)
    support.begun()
    work()
    assert enqueued() == []


def test_signers_of_another_campaign_and_later_signers_get_no_news(frozen_clock):
    here, other = campaign(), campaign("other")
    subscriber = signature(here, updates=True)
    signature(other, updates=True)
    support.begun(here)
    signature(here, updates=True, at=time.now())
    work()
    assert enqueued() == [subscriber.id]


def test_nothing_is_enqueued_before_confirmations_that_were_on_their_way_are_there(frozen_clock):
    signature(updates=True)
    item = support.proposed()
    assert work() == 0
    services.approve(support.APPROVER, SLUG, item, support.stamp(the_campaign(), item))
    assert work() == 0
    frozen_clock.move(seconds=21)
    work()
    assert len(enqueued()) == 1


def test_the_number_that_staff_are_told_is_the_number_that_is_enqueued():
    wanting(7)
    crowd(3)
    expected = sum(queries.recipients(the_campaign().id).values())
    support.begun()
    work()
    assert expected == len(enqueued()) == 7


# --- Nobody twice, nobody left out ---


def test_a_crash_at_every_statement_neither_loses_nor_doubles_a_mail():
    people = wanting(5)
    item = support.begun()
    crashes = 0
    for number in range(1, 200):
        with crash.at_statement(number):
            work(limit=2)
        assert len(enqueued()) == len(set(enqueued())) == support.row(item).mails
        if support.row(item).ended_at:
            break
        crashes += 1
    assert crashes > 5
    assert sorted(enqueued()) == people


def test_a_mail_cannot_be_enqueued_twice_whatever_the_code_does(app):
    person = signature(updates=True)
    item = support.begun()
    work()
    again = {"kind": "news", "subject_id": person.id, "seq": item, "lang": "ko"}
    with pytest.raises(Exception, match=r"(?i)unique"), transaction() as session:
        session.execute(insert(OutboxMail).values(**again, created_at=time.now(), due_at=time.now()))


def test_news_whose_sending_is_stopped_sends_no_further_mail(frozen_clock):
    wanting(3)
    item = support.begun()
    work()
    services.stop(support.WRITER, SLUG, item, "a wrong date")
    frozen_clock.move(minutes=1)
    assert work() == 0
    done = deliver(Notes())
    assert (done.sent, done.dropped) == (0, 3)
    assert support.row(item).state == NewsState.STOPPED


# --- At a milestone ---


def test_news_with_a_milestone_goes_out_once_when_so_many_people_are_counted(frozen_clock):
    people = wanting(2)
    fold_all()
    item = support.approved(milestone=3)
    frozen_clock.move(minutes=1)
    assert work() == 0
    assert support.row(item).state == NewsState.APPROVED
    people.append(signature(updates=True, at=time.now()).id)
    fold_all()
    work()
    frozen_clock.move(minutes=1)
    work()
    assert sorted(enqueued()) == sorted(people)
    assert support.row(item).state == NewsState.SENT
    frozen_clock.move(minutes=1)
    assert work() == 0


def test_a_milestone_of_one_campaign_is_not_reached_by_another():
    here, other = campaign(), campaign("other")
    wanting(3)
    signature(other, updates=True)
    fold_all()
    item = support.approved(other, milestone=2)
    assert here.id != other.id
    assert work() == 0
    assert support.row(item).state == NewsState.APPROVED


# --- Between enqueueing and sending ---


LEAVING = {
    "unsubscribes": lambda person: signature_services.unsubscribe(unsubscribe_token(person)),
    "withdraws": lambda person: signature_services.withdraw(manage_token(person)),
    "erases": lambda person: signature_services.erase(manage_token(person)),
}


@pytest.mark.parametrize("act", LEAVING.values(), ids=LEAVING)
def test_who_leaves_before_the_mail_is_sent_gets_none(frozen_clock, act):
    person = signature(updates=True)
    item = support.begun()
    work()
    act(person)
    frozen_clock.move(minutes=1)
    deliver_all(Notes())
    progress = queries.progress(item)
    assert (progress["sent"], progress["dropped"]) == (0, 1)


def test_of_each_news_staff_see_how_many_mails_were_sent_came_back_and_were_the_last(staff_client):
    stays, leaves, gone, bounces, slow = (signature(updates=True) for _ in range(5))
    item = support.begun()
    assert queries.outcome(item) == (0, 0, 0, 0)
    work()
    deliver_all(Notes())
    signature_services.unsubscribe(unsubscribe_token(leaves))
    signature_services.erase(manage_token(gone))
    for person, returned in ((bounces, Returned.FULL), (slow, Returned.DELAYED), (stays, Returned.COMPLAINT)):
        its_mail = (OutboxMail.kind == MailKind.NEWS, OutboxMail.subject_id == person.id)
        with transaction() as session:
            session.execute(update(OutboxMail).where(*its_mail).values(returned=returned))
    assert queries.outcome(item)._asdict() == {"stored": 5, "sent": 5, "bounced": 1, "left": 2}
    page = staff_client("editor", lang="en").get(f"/staff/campaigns/{SLUG}/news/{item}").text
    assert "<dt>Came back</dt><dd>1</dd>" in page
    assert "withdrew or erased since</dt><dd>2</dd>" in page
    with transaction() as session:
        session.execute(delete(OutboxMail))  # as retention does after some months
    page = staff_client("editor", lang="en").get(f"/staff/campaigns/{SLUG}/news/{item}").text
    assert "What became of each e-mail is deleted after some months." in page
    assert "<dt>Sent</dt>" not in page


# --- Pace ---


def test_mails_come_due_at_the_pace_and_only_a_little_ahead(frozen_clock):
    wanting(60)
    support.begun()
    work(pace=60)
    due = sorted(load(select(OutboxMail.due_at)))
    assert len(due) == sending.AHEAD.seconds + 1
    assert {later - sooner for sooner, later in itertools.pairwise(due)} == {timedelta(seconds=1)}

    for _ in range(8):
        frozen_clock.move(seconds=10)
        deliver_all(Notes())
        work(pace=60)
    due = sorted(load(select(OutboxMail.due_at)))
    assert len(due) == 60
    gaps = {later - sooner for sooner, later in itertools.pairwise(due)}
    assert min(gaps) >= timedelta(seconds=1)


def test_two_pieces_of_news_share_the_pace(frozen_clock):
    wanting(10)
    for _ in range(2):
        support.begun()
    work(pace=60)
    due = sorted(db.session.scalars(select(OutboxMail.due_at)))
    assert len(due) == 20
    assert due[-1] - due[0] == timedelta(seconds=19)


def test_while_mail_is_paused_news_does_not_pile_up(frozen_clock):
    wanting(500)
    support.begun()
    for _ in range(30):
        work(pace=60)
        frozen_clock.move(seconds=30)
    assert len(enqueued()) <= 60 * 3


def test_a_mail_that_was_put_off_for_an_hour_does_not_hold_up_the_others(frozen_clock):
    wanting(100)
    support.begun()
    work(pace=60)
    first = enqueued()[0]
    late = time.now() + timedelta(hours=1)
    with transaction() as session:
        session.execute(
            update(OutboxMail).where(OutboxMail.subject_id == first).values(attempts=3, due_at=late)
        )
    frozen_clock.move(seconds=20)
    before = len(enqueued())
    work(pace=60)
    assert len(enqueued()) > before


# --- Behind everything that somebody waits for ---


def many_news(number):
    now = time.now() - timedelta(minutes=5)
    rows = [
        {"kind": "news", "subject_id": subject, "seq": 1, "lang": "ko", "created_at": now, "due_at": now}
        for subject in range(1, number + 1)
    ]
    with transaction() as session:
        session.execute(insert(OutboxMail), rows)


def test_a_mail_to_confirm_goes_out_before_all_news():
    many_news(100)
    enqueue(pending("hong@example.org"))
    deliver(notes := Notes(), limit=1)
    assert notes.recipients == ["hong@example.org"]


def test_news_is_taken_a_few_at_a_time_so_that_the_next_mail_to_confirm_waits_for_few():
    many_news(100)
    taken = outbox.claim(mail.BATCH, mail.LEASE)
    assert len(taken) == outbox.LAST_AT_ONCE
    assert {letter.kind for letter in taken} == {MailKind.NEWS}


def test_the_news_of_somebody_unknown_is_dropped():
    many_news(1)
    assert deliver(Notes()).dropped == 1


def test_a_worker_that_finds_nothing_writes_nothing(statements):
    with statements() as seen:
        assert not sending.advance(FAST)
    assert [sql.split()[0] for sql in seen] == ["SELECT"]
