"""The breaker: when few of the mails to new addresses are confirmed, the others fall to a floor, and real people get through."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from pledge.core import clock as time
from pledge.core.db import fetch, snapshots, transaction
from pledge.endorsements import handover
from pledge.endorsements.models import ContactChange
from pledge.mail import breaker, queries, services, valve
from pledge.mail.addresses import parse
from pledge.mail.models import ASKED, MailKind, MailState, MailValve, OutboxMail
from pledge.signatures.outbox import enqueue as enqueue_within_caps
from pledge.worker.registry import confirmations
from tests.support import factories
from tests.support import staff as staff_area
from tests.support.mails import Notes, deliver, enqueue, pending, plan, store

#: The number of a signature that nobody has confirmed.
STRANGER = 1


@pytest.fixture
def site(make_app, frozen_clock):
    """A site that sends 300 first mails a minute, or ten while the breaker is open."""
    app = make_app(first_mail_pace=300, breaker_pace=10)
    with app.app_context():
        snapshots.clear()
        factories.campaign()
        yield app


def sent(mails, confirmed, *, ago, proved=False, kind=MailKind.CONFIRM, **groups):
    """So many mails to confirm that went to new addresses so many minutes ago; some of them were confirmed."""
    answered = [factories.signature().id] * confirmed if confirmed else []
    subjects = answered + [STRANGER] * (mails - confirmed)
    at = time.now() - timedelta(minutes=ago)
    store(subjects, at, state=MailState.SENT, kind=kind, proved=proved, **groups)


def queued(number, **facts):
    """So many mails to confirm that are due, to some strangers."""
    store([person.id for person in factories.signatures(5, state="pending")] * (number // 5), **facts)


def watch():
    """Look at the answers as the worker does; whether the breaker is open afterwards."""
    breaker.watch(confirmations())
    return breaker.opened_at() is not None


# --- When it opens ---


@pytest.mark.parametrize(
    ("mails", "confirmed", "ago", "opens"),
    [
        (200, 90, 11, False),
        (200, 40, 11, False),
        (200, 39, 11, True),
        (200, 0, 11, True),
        # After two minutes many people have not answered yet: only next to nothing opens it.
        (200, 10, 3, False),
        (200, 9, 3, True),
        # Nobody can have answered.
        (200, 0, 1, False),
        # A slow morning.
        (99, 0, 11, False),
        (200, 0, 61, False),
    ],
)
def test_the_breaker_opens_when_too_few_are_confirmed(site, mails, confirmed, ago, opens):
    sent(mails, confirmed, ago=ago)
    assert watch() is opens


def test_only_the_newest_five_hundred_are_judged(site):
    sent(500, 200, ago=12)
    sent(3000, 0, ago=40)
    assert not watch()


def test_mails_to_known_people_and_reminders_are_not_judged(site):
    sent(300, 0, ago=15, kind=MailKind.REMINDER)
    sent(300, 0, ago=15, known=True)
    assert not watch()


def test_confirmed_organisations_count_as_answers(site):
    at, facts = time.now() - timedelta(minutes=15), {"kind": MailKind.ENDORSE_CONFIRM, "state": "sent"}
    store([factories.endorsement(state="review").id] * 150, at, **facts)
    assert not watch()
    store([STRANGER] * 1000, at, **facts)
    assert watch()


def test_people_whom_organisations_name_are_judged_by_whether_they_take_over(site):
    row = factories.endorsement()
    sent(200, 0, ago=15, kind=MailKind.ENDORSE_CONTACT)
    assert watch()
    assert confirmations()[MailKind.ENDORSE_CONTACT]({row.id}) == set()
    person = {"name": "이바다", "title": "", "mailbox": parse("sea@example.org"), "lang": "ko"}
    handover.ask(factories.endorse_manage_token(row), **person)
    handover.accept(row.id, fetch(select(ContactChange.contact_number)).scalar_one(), "2026-11-25")
    assert confirmations()[MailKind.ENDORSE_CONTACT]({row.id}) == {row.id}


def test_the_breaker_never_opens_where_the_share_is_zero(make_app, frozen_clock):
    with make_app(breaker_share=0).app_context():
        factories.campaign()
        sent(500, 0, ago=20)
        assert not watch()


@pytest.mark.postgresql_only
def test_judging_reads_an_index_of_its_own(site):
    sent(2000, 800, ago=20)
    asked = select(OutboxMail.id).where(text(ASKED), OutboxMail.sent_at > time.now())
    assert "ix_outbox_mails_asked" in plan(asked.order_by(OutboxMail.sent_at.desc()))


# --- Where one domain or network is at fault ---

ROBOTS = b"robots"


@pytest.mark.parametrize("by", ["domain_hash", "network_hash"])
def test_a_burst_at_one_domain_or_network_leaves_it_closed_and_slows_only_that_one(site, frozen_clock, by):
    sent(400, 0, ago=11, **{by: ROBOTS})
    sent(100, 40, ago=11)
    assert not watch()
    assert not breaker.is_open()
    assert "of one domain or network go out slowly" in site.test_cli_runner().invoke(args=["doctor"]).output
    queued(200, **{by: ROBOTS})
    queued(200)
    assert deliver(Notes(), limit=500).sent == 200 + 10
    frozen_clock.move(minutes=1)
    assert deliver(Notes(), limit=500).sent == 10
    frozen_clock.move(minutes=11)
    assert site.test_client().get("/readyz").json["outbox_age_seconds"] == 0, "they are not overdue"


def test_a_burst_at_one_domain_while_nobody_else_signs_leaves_it_closed(site):
    sent(500, 0, ago=3, domain_hash=ROBOTS)
    assert not watch()
    assert slow_group() == ROBOTS


def test_where_two_domains_are_at_fault_it_opens(site):
    sent(250, 0, ago=11, domain_hash=ROBOTS)
    sent(250, 10, ago=11, domain_hash=b"others")
    assert watch()
    assert slow_group() is None


def test_when_a_second_domain_fails_it_opens(site, frozen_clock):
    sent(200, 0, ago=11, domain_hash=ROBOTS)
    assert not watch()
    frozen_clock.move(minutes=20)
    sent(500, 0, ago=11, domain_hash=b"others")
    assert watch()


def test_a_slow_domain_goes_on_at_the_usual_pace_once_it_is_confirmed_or_nothing_waits(site, frozen_clock):
    sent(200, 0, ago=11, domain_hash=ROBOTS)
    watch()
    sent(300, 200, ago=11)
    frozen_clock.move(minutes=11)
    watch()
    assert slow_group() == ROBOTS, "others' answers say nothing of it"
    frozen_clock.move(minutes=5)
    sent(500, 200, ago=10, domain_hash=ROBOTS)
    watch()
    assert slow_group() is None


def slow_group():
    return fetch(select(MailValve.slow_group)).scalar()


# --- When it closes ---


def test_the_breaker_stays_open_for_ten_minutes_and_until_far_more_are_confirmed(site, frozen_clock):
    sent(200, 0, ago=11)
    assert watch()
    frozen_clock.move(minutes=9)
    sent(500, 400, ago=11)
    assert watch(), "not before ten minutes"
    frozen_clock.move(minutes=2)
    assert not watch()


def test_between_the_share_and_one_and_a_half_of_it_nothing_turns(site, frozen_clock):
    sent(500, 125, ago=11)
    assert not watch()
    sent(500, 0, ago=10)
    assert watch()
    frozen_clock.move(minutes=12)
    sent(500, 125, ago=11)
    assert watch()


def test_people_with_proof_do_not_close_it_while_a_strangers_list_waits(site, frozen_clock):
    sent(200, 0, ago=11)
    assert watch()
    frozen_clock.move(minutes=12)
    sent(500, 450, ago=11, proved=True)
    sent(200, 0, ago=15)
    queued(5)
    assert watch(), "the list goes on unanswered"
    frozen_clock.move(minutes=60)
    sent(500, 450, ago=11, proved=True)
    assert watch(), "too few of the list have gone out to say, and the rest waits"
    for _ in range(3):
        deliver(Notes())
        frozen_clock.move(minutes=1)
    assert not watch()


def test_the_breaker_closes_when_nothing_is_left_to_judge(site, frozen_clock):
    sent(200, 0, ago=11)
    assert watch()
    frozen_clock.move(minutes=61)
    assert not watch()


def test_requests_see_it_within_seconds(site, frozen_clock):
    assert not breaker.is_open()
    sent(200, 0, ago=11)
    breaker.watch(confirmations())
    assert breaker.is_open(), "the process that opened it knows at once"
    with transaction() as session:
        session.execute(text("UPDATE mail_valves SET breaker_opened_at = NULL"))
    assert breaker.is_open()
    frozen_clock.move(seconds=4)
    assert not breaker.is_open()


def test_a_database_that_is_away_keeps_it_as_it_was(app_on):
    app = app_on("postgresql://nobody@127.0.0.1:1/nothing")
    with app.app_context():
        assert not breaker.is_open()


# --- The pace, while it is closed ---


@pytest.fixture
def default(make_app, frozen_clock):
    """A site with the settings that it comes with."""
    app = make_app()
    with app.app_context():
        factories.campaign()
        yield app


@pytest.mark.sqlite_only
def test_on_the_day_of_the_record_nobody_waits_a_minute_with_the_settings_that_a_site_comes_with(
    default, frozen_clock
):
    """2,000 sign-ups a minute; three in five confirm as soon as they have the mail."""
    confirms = {MailKind.CONFIRM: lambda ids: {number for number in ids if number % 5 < 3}}
    waited = timedelta()
    for _ in range(36):
        store(range(333))
        while mails := queries.claim(500, services.LEASE):
            queries.sent(mails)
        breaker.watch(confirms)
        waited = max(waited, time.now() - (queries.outbox().oldest_due or time.now()))
        frozen_clock.move(seconds=10)
    assert waited < timedelta(minutes=1)
    assert breaker.opened_at() is None


def went_out(mails, tenths, *, ago):
    """So many mails to confirm, so many minutes ago, of which so many tenths were confirmed."""
    person = factories.signature().id
    subjects = [person if number % 10 < tenths else STRANGER for number in range(mails)]
    store(subjects, time.now() - timedelta(minutes=ago), state=MailState.SENT)


@pytest.mark.parametrize(
    ("mails", "tenths", "ago", "pace"),
    [
        (2000, 6, 1.5, 4000),
        (2000, 3, 1.5, 2000),
        # Of slower mailboxes.
        (2000, 6, 5.5, 4000),
        (300, 10, 1.5, valve.START_PACE),
        # Nobody knows yet; nobody confirms; nobody has signed for a while.
        (2000, 6, 0.5, valve.START_PACE),
        (2000, 0, 1.5, valve.START_PACE),
        (2000, 6, 7, valve.START_PACE),
        # The setting is the ceiling.
        (20_000, 6, 1.5, 30_000),
    ],
)
def test_the_pace_follows_what_went_out_and_was_confirmed(default, mails, tenths, ago, pace):
    went_out(mails, tenths, ago=ago)
    assert not watch()
    assert valve.pace(valve.current()) == pace


@pytest.mark.parametrize(("minutes", "opens"), [(30, False), (0, True)])
def test_the_pace_falls_back_when_fewer_ask_and_when_the_breaker_opens(default, frozen_clock, minutes, opens):
    went_out(2000, 6, ago=1.5)
    assert not watch()
    assert valve.pace(valve.current()) == 4000
    if opens:
        went_out(2000, 0, ago=2)
    frozen_clock.move(minutes=minutes)
    assert watch() is opens
    assert valve.pace(valve.current()) == valve.START_PACE


@pytest.mark.sqlite_only
def test_a_flood_on_a_busy_day_goes_no_faster_than_those_who_confirm_have_earned(default, frozen_clock):
    went_out(2000, 6, ago=1.5)
    watch()
    store([STRANGER] * 40_000)
    by_minute = []
    while breaker.opened_at() is None:
        count = 0
        for _ in range(6):
            while mails := queries.claim(500, services.LEASE):
                queries.sent(mails)
                count += len(mails)
            frozen_clock.move(seconds=10)
            watch()
        by_minute.append(count)
    assert len(by_minute) <= 3
    assert by_minute[0] <= 2 * 4000
    assert all(count <= valve.START_PACE for count in by_minute[1:])


# --- What it does ---


def test_two_thousand_mails_that_nobody_confirms_fall_to_the_floor_and_a_person_gets_through(
    site, frozen_clock
):
    queued(2000)
    by_minute, opened_in = [], None
    for minute in range(12):
        count = 0
        for _ in range(6):
            count += deliver(Notes(), limit=500).sent
            if watch():
                opened_in = minute if opened_in is None else opened_in
            frozen_clock.move(seconds=10)
        by_minute.append(count)
    assert opened_in is not None
    assert opened_in <= 3
    assert sum(by_minute[: opened_in + 1]) <= 1300, "most of the list never left at full pace"
    assert all(count <= 10 for count in by_minute[opened_in + 2 :])
    assert by_minute[-1] == 10

    enqueue(pending("stranger@example.org"), known=False)
    enqueue(pending("person@example.org"), known=False, proved=True)
    enqueue(factories.signature(email="known@example.org"), MailKind.MANAGE)
    notes = Notes()
    for _ in range(3):
        deliver(notes)
    assert "person@example.org" in notes.recipients
    assert "known@example.org" in notes.recipients
    assert "stranger@example.org" not in notes.recipients


def test_who_proved_work_goes_before_others_also_while_it_is_closed(site):
    enqueue(pending("first@example.org"), known=False)
    enqueue(pending("proved@example.org"), known=False, proved=True)
    notes = Notes()
    deliver(notes, limit=1)
    assert notes.recipients == ["proved@example.org"]


def test_proofs_for_invented_addresses_fall_to_a_floor_of_their_own(site, frozen_clock):
    sent(200, 0, ago=11)
    assert watch()
    by_minute = []
    for _ in range(6):
        queued(400, proved=True)
        count = 0
        for _ in range(6):
            count += deliver(Notes(), limit=500).sent
            watch()
            frozen_clock.move(seconds=10)
        by_minute.append(count)
    assert by_minute[0] >= 300, "the pace of everybody"
    assert all(70 <= count <= 75 for count in by_minute[-2:]), "a quarter of it"


def test_proofs_that_are_confirmed_keep_the_pace_while_it_is_open(site, frozen_clock):
    sent(200, 0, ago=11)
    assert watch()
    sent(200, 90, ago=11, proved=True)
    queued(300, proved=True)
    assert watch()
    assert deliver(Notes(), limit=500).sent == 300


def test_who_signed_with_proof_of_work_has_a_mail_with_proof(site):
    for signals in (None, "breaker unproved", "breaker proved"):
        person = factories.signature(state="pending", signals=signals)
        with transaction() as session:
            enqueue_within_caps(session, MailKind.CONFIRM, person.id, "ko")
    assert list(fetch(select(OutboxMail.proved).order_by(OutboxMail.id)).scalars()) == [False, False, True]


def test_the_operator_and_staff_see_it(site, frozen_clock):
    client = site.test_client()
    assert client.get("/readyz").json["breaker_open"] is False
    sent(200, 0, ago=11)
    queued(40)
    assert watch()
    deliver(Notes())
    frozen_clock.move(minutes=11)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["breaker_open"]) == (200, True)
    assert answer.json["outbox_age_seconds"] == 0, "what is held back is not overdue"
    (line,) = [
        line
        for line in site.test_cli_runner().invoke(args=["doctor"]).output.splitlines()
        if "PLEDGE_BREAKER_PACE" in line
    ]
    assert line.startswith("warning")
    desk = staff_area.client(site, "admin", lang="en").get("/staff/")
    assert "Too few of them have been confirmed" in desk.text


def test_a_mail_with_proof_that_waits_is_overdue(site, frozen_clock):
    sent(200, 0, ago=11)
    assert watch()
    enqueue(pending("person@example.org"), known=False, proved=True)
    frozen_clock.move(minutes=11)
    assert site.test_client().get("/readyz").status_code == 503
