"""The desk's numbers: by Korean days, people and organisations apart, from a bounded look at the newest rows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from pledge.audit.models import COMMAND_LINE
from pledge.audit.services import note
from pledge.core.db import db, load, reading, transaction
from pledge.ledger.counting import Moves
from pledge.ledger.models import Kind, Reason
from pledge.mail.models import MailKind, OutboxMail
from pledge.statistics import dashboard, funnel
from pledge.statistics.history import MIN_POINTS, SHOWN, Interval, growth
from pledge.statistics.windows import first_since
from tests.support import ledger
from tests.support.factories import campaign, fold_all, signature, the_campaign

#: A Tuesday, 14:00 in Seoul.
NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)


@pytest.fixture
def now(frozen_clock):
    frozen_clock.move(seconds=(NOW - frozen_clock.now()).total_seconds())
    return NOW


def entry(reason: Reason, at: datetime, subject: int, kind: Kind = Kind.PERSON) -> None:
    """One entry of the ledger, about a subject without a row of its own."""
    hours = (at - ledger.NOON) // timedelta(hours=1)
    ledger.move(the_campaign().id, reason, subject, hours=hours, kind=kind)


# --- Growth ---


def test_growth_is_by_days_that_begin_at_midnight_in_seoul(app, now):
    midnight = datetime(2026, 11, 23, 15, tzinfo=UTC)
    for at in (midnight - timedelta(minutes=1), midnight, now):
        signature(at=at)
    fold_all()
    *_, yesterday, today = growth(the_campaign().id, Kind.PERSON, Interval.DAY)
    assert (yesterday.begins, yesterday.moved, yesterday.total) == (date(2026, 11, 23), 1, 1)
    assert (today.begins, today.moved, today.total) == (date(2026, 11, 24), 2, 3)


def test_growth_by_weeks_begins_on_monday(app, now):
    for at in (now - timedelta(days=2), now - timedelta(days=1), now):  # Sunday, Monday, Tuesday
        signature(at=at)
    fold_all()
    *_, before, this = growth(the_campaign().id, Kind.PERSON, Interval.WEEK)
    assert (before.begins, before.moved) == (date(2026, 11, 16), 1)
    assert (this.begins, this.moved, this.total) == (date(2026, 11, 23), 2, 3)


def test_what_was_before_the_window_is_in_the_total(app, now):
    signature(at=now - timedelta(days=200))
    signature(at=now)
    fold_all()
    points = growth(the_campaign().id, Kind.PERSON, Interval.DAY)
    assert len(points) == SHOWN[Interval.DAY]
    assert (points[0].moved, points[0].total, points[-1].total) == (0, 1, 2)


def test_a_young_campaign_begins_with_its_first_day(app, now):
    signature(at=now - timedelta(days=10))
    fold_all()
    assert growth(the_campaign().id, Kind.PERSON, Interval.DAY)[0].begins == date(2026, 11, 14)
    assert len(growth(campaign("other").id, Kind.PERSON, Interval.DAY)) == MIN_POINTS


# --- Today ---


def test_today_counts_what_moved_since_midnight(app, now):
    signature(at=now - timedelta(days=1))
    signature(at=now - timedelta(hours=5), state="withdrawn")
    signature(at=now - timedelta(hours=1))
    for subject in range(1, 4):
        entry(Reason.CONFIRMED, now, subject, Kind.ORGANIZATION)
    ledger.fold()
    signature(at=now, state="withdrawn")  # not folded yet: counted nowhere
    today = dashboard.today(the_campaign().id)
    assert today.people == Moves(confirmed=2, withdrawn=0, invalidated=0, reinstated=0, removed=1)
    assert (today.people.count, today.organizations.confirmed, today.organizations.count) == (1, 3, 3)
    assert (today.count.people, today.count.organizations) == (2, 3)
    assert dashboard.today(campaign("other").id).people.count == 0


def test_what_staff_took_out_and_put_back_today_is_told_apart(app, now):
    signature(at=now - timedelta(days=9))
    for subject in range(1, 5):
        entry(Reason.CONFIRMED, now - timedelta(days=9), subject)
    entry(Reason.INVALIDATED, now - timedelta(days=1), 4)
    for subject in range(1, 4):
        entry(Reason.INVALIDATED, now, subject)
    entry(Reason.REINSTATED, now, 1)
    ledger.fold()
    people = dashboard.today(the_campaign().id).people
    assert people == Moves(confirmed=0, withdrawn=0, invalidated=3, reinstated=1)
    assert people.count == -2


# --- The funnel ---


def sign_up(at, provider="naver", *, state="pending", took=None, mails=("sent",), of=None):
    """One sign-up, what became of its mails, and how long the person took."""
    person = signature(
        of,
        state=state,
        at=at,
        mail_provider=provider,
        **({"confirmed_at": at + took} if took else {}),
    )
    about = {"kind": MailKind.CONFIRM, "subject_id": person.id, "seq": 1, "lang": "ko"}
    with transaction() as session:
        session.add_all(OutboxMail(**about, state=mail, created_at=at, due_at=at) for mail in mails)
    return person


def lines(within=timedelta(hours=24)):
    shown = funnel.funnel(the_campaign().id, within)
    return {line.provider: line for line in shown.lines}


def test_the_funnel_goes_from_form_to_mail_to_count_by_provider(app, now):
    hour = now - timedelta(hours=1)
    sign_up(hour, mails=["queued"])
    sign_up(hour, mails=["sent"])
    sign_up(hour, state="confirmed", took=timedelta(minutes=2))
    sign_up(hour, state="confirmed", took=timedelta(minutes=4))
    sign_up(hour, "gmail", state="withdrawn", took=timedelta(minutes=9))
    sign_up(hour, "odd", mails=["dead"])
    shown = lines()
    assert list(shown) == ["all", "naver", "kakao", "gmail", "other"]
    everybody, naver = shown["all"], shown["naver"]
    assert (everybody.submitted, everybody.mailed, everybody.confirmed) == (6, 4, 3)
    assert everybody.median == timedelta(minutes=4)
    assert (naver.submitted, naver.mailed, naver.confirmed) == (4, 3, 2)
    assert naver.median == timedelta(minutes=3)
    assert (shown["gmail"].confirmed, shown["other"].submitted, shown["other"].mailed) == (1, 1, 0)
    assert shown["kakao"].median is None


def test_who_was_mailed_twice_counts_once(app, now):
    sign_up(now, mails=["sent", "queued"])
    assert (lines()["all"].submitted, lines()["all"].mailed) == (1, 1)


def test_the_funnel_looks_at_one_campaign_and_the_asked_time(app, now):
    sign_up(now - timedelta(days=3))
    sign_up(now, of=campaign("other"))
    assert lines()["all"].submitted == 0
    assert lines(timedelta(days=7))["all"].submitted == 1


def test_the_funnel_is_bounded_and_says_so(app, now, monkeypatch):
    monkeypatch.setattr(funnel, "MAX_MAILS", 2)
    for hours in (3, 2, 1):
        sign_up(now - timedelta(hours=hours))
    shown = funnel.funnel(the_campaign().id, timedelta(hours=24))
    assert (shown.is_cut, shown.lines[0].submitted, shown.since) == (True, 2, now - timedelta(hours=2))


@pytest.mark.parametrize("ages", [[], [5], [9, 8, 7, 3, 2, 1], [2, 1], [9, 9, 9]])
def test_halving_finds_where_a_day_begins(app, now, ages):
    for days in ages:
        sign_up(now - timedelta(days=days))
    mails = OutboxMail.__table__.c
    with reading() as connection:
        first = first_since(connection, mails.id, mails.created_at, now - timedelta(days=4))
    ids = load(select(OutboxMail.id).order_by(OutboxMail.id))
    assert [number >= first for number in ids] == [days <= 4 for days in ages]


# --- What waits ---


def test_what_waits_and_for_how_long(app, now, frozen_clock):
    sign_up(now, mails=["queued", "dead"])
    frozen_clock.move(minutes=5)
    state = dashboard.site_state()
    assert (state.outbox.due, state.outbox.later) == (1, 0)
    assert state.outbox.oldest_due == now
    assert state.recount is None


def test_the_last_recount_comes_from_the_audit_log(app, runner, now):
    signature(at=now)
    fold_all()
    runner.invoke(args=["ledger", "recount"])
    assert dashboard.last_recount() == dashboard.LastRecount(now, 0, 0)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_heads SET people = 7")
    runner.invoke(args=["ledger", "recount"])
    assert dashboard.last_recount() == dashboard.LastRecount(now, 1, 1)
    note(COMMAND_LINE, "audit.export", "audit")
    assert dashboard.last_recount().differences == 1
