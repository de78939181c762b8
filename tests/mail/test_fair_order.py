"""The fair order of first mails: somebody new is not behind a flood, whoever sends it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import and_, select, text, update

from pledge.core import clock as time
from pledge.core.db import fetch, load, transaction
from pledge.endorsements.outbox import enqueue as enqueue_for_endorsement
from pledge.mail import outbox, queries, services
from pledge.mail.models import FIRST, PROVED, UNPROVED, MailKind, MailValve, OutboxMail
from pledge.mail.outbox import NewMail, domain_group
from pledge.signatures import services as signing
from pledge.signatures.outbox import enqueue as enqueue_within_caps
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.mails import fate, plan

FLOOD, QUIET = 1, 2


def ask(number, domains=0, networks=0, *, subject=FLOOD, **facts):
    """So many first mails, spread over so many domains and networks; 0: of a large provider, of no known network."""
    mails = [
        NewMail(
            MailKind.CONFIRM,
            subject,
            "ko",
            domain_hash=f"domain{place % domains:02}".encode() if domains else None,
            network_hash=f"net{place % networks:05}".encode() if networks else None,
            **facts,
        )
        for place in range(number)
    ]
    for start in range(0, number, 100):
        with transaction() as session:
            outbox.enqueue(session, *mails[start : start + 100])


def quiet(**facts):
    with transaction() as session:
        outbox.enqueue(session, NewMail(MailKind.CONFIRM, QUIET, "ko", domain_hash=b"quiet", **facts))


def send(limit=50):
    """What a sender takes now, and sends: the subjects of the mails."""
    mails = queries.claim(limit, services.LEASE)
    if mails:
        queries.sent(mails)
    return [mail.subject_id for mail in mails]


def open_breaker():
    with transaction() as session:
        session.execute(update(MailValve).values(breaker_opened_at=time.now()))


@pytest.mark.parametrize(
    ("domains", "networks"),
    [(1, 1), (1, 200), (40, 200), (0, 200), (0, 1)],
    ids=["one domain", "one domain, 200 networks", "40 domains", "a large provider", "one network"],
)
def test_a_quiet_domains_mail_goes_out_within_a_minute_of_a_flood(app, frozen_clock, domains, networks):
    ask(2000, domains, networks)
    send()
    open_breaker()
    for _ in range(12):
        frozen_clock.move(seconds=10)
        send()
    quiet()
    sent = []
    for _ in range(6):
        frozen_clock.move(seconds=10)
        sent += send()
    assert QUIET in sent
    assert len(sent) <= 70, "at its pace"


def test_who_has_fewer_waiting_at_the_same_domain_goes_first(app, frozen_clock):
    ask(3, domains=1)
    quiet()
    ask(1, domains=0)
    mails = [mail.subject_id for _ in range(3) for mail in queries.claim(1, services.LEASE)]
    assert sorted(mails[:3]) == [FLOOD, FLOOD, QUIET]
    assert mails[1:].count(QUIET) == 1


def test_none_waits_for_ever(app, frozen_clock):
    ask(3, domains=1)
    frozen_clock.move(minutes=21)
    quiet()
    assert [send(1) for _ in range(4)] == [[FLOOD], [FLOOD], [FLOOD], [QUIET]]


def test_what_looks_like_a_programs_goes_last(app, frozen_clock):
    quiet(suspicious=True)
    frozen_clock.move(hours=5)
    ask(3, domains=1)
    assert [send(1) for _ in range(4)] == [[FLOOD], [FLOOD], [FLOOD], [QUIET]]


def test_a_mail_that_was_put_off_does_not_go_before_its_time(app, frozen_clock):
    quiet()
    (mail,) = queries.claim(1, services.LEASE)
    queries.defer(mail, time.now() + timedelta(hours=1), "421")
    row = fate(mail.id)
    assert row.turn_at == row.due_at == time.now() + timedelta(hours=1)


def test_subdomains_count_together_and_large_providers_not_at_all(app):
    assert domain_group("a@x.robots.example.com") == domain_group("b@y.z.example.com") is not None
    assert domain_group("a@example.com") != domain_group("a@example.net")
    assert domain_group("a@s0.duckdns.org") == domain_group("a@s1.duckdns.org") is not None
    assert {domain_group(f"a@{domain}") for domain in ("naver.com", "outlook.fr", "hey.com")} == {None}


@pytest.mark.parametrize(
    ("signals", "suspicious"), [(None, False), ("network proved", False), ("headers no_form", True)]
)
def test_a_first_mail_has_keyed_hashes_of_domain_and_network(app, signals, suspicious):
    person = factories.signature(
        state="pending", email="a@mail.haneul.co.kr", wide_network_hash=b"w" * 32, signals=signals
    )
    with transaction() as session:
        enqueue_within_caps(session, MailKind.CONFIRM, person.id, "ko")
    (mail,) = load(select(OutboxMail))
    assert (mail.domain_hash, mail.network_hash) == (domain_group("b@haneul.co.kr"), b"w" * 8)
    assert b"haneul" not in mail.domain_hash
    assert mail.suspicious is suspicious


def test_a_mail_to_somebody_known_has_none(app):
    person = factories.signature(state="confirmed", wide_network_hash=b"w" * 32)
    with transaction() as session:
        enqueue_within_caps(session, MailKind.ALREADY, person.id, "ko")
    (mail,) = load(select(OutboxMail))
    assert (mail.domain_hash, mail.network_hash) == (None, None)


def test_an_organisations_first_mail_has_its_domain(app):
    row = factories.endorsement(state="pending", email="a@haneul.co.kr")
    with transaction() as session:
        enqueue_for_endorsement(session, session.merge(row), MailKind.ENDORSE_CONFIRM)
    assert fetch(select(OutboxMail.domain_hash)).scalar_one() == domain_group("b@haneul.co.kr")


def test_senders_side_by_side_keep_the_pace_and_the_order_and_take_no_mail_twice(make_app, frozen_clock):
    app = make_app(first_mail_pace=40, pool_size=8)
    with app.app_context():
        ask(200, domains=1)
        for _ in range(5):
            ask(1, subject=QUIET)
    claimed = []

    def claim():
        claimed.extend(mail for _ in range(3) for mail in queries.claim(4, services.LEASE))

    at_once(app, *[claim] * 8)
    assert len(claimed) == len({mail.id for mail in claimed}) == 40, "a minute's worth"
    assert [mail.subject_id for mail in claimed].count(QUIET) == 5
    first = {mail.id for mail in claimed if mail.subject_id == FLOOD}
    assert max(first) - min(first) < 40, "of the flood those that were asked for first"


@pytest.mark.parametrize(("lane", "index"), [(PROVED, "proved"), (UNPROVED, "unproved")])
def test_a_claim_reads_its_index_in_order_and_sorts_nothing(app, lane, index):
    ask(2000, domains=40, networks=200, proved=lane == PROVED)
    in_order = queries.due(and_(text(lane))).order_by(OutboxMail.suspicious, OutboxMail.turn_at)
    steps = plan(in_order.limit(50))
    assert f"ix_outbox_mails_{index}" in steps
    assert "Sort" not in steps
    assert "TEMP B-TREE" not in steps


@pytest.mark.postgresql_only
def test_what_waits_for_a_domain_is_counted_in_an_index(app):
    ask(2000, domains=40, networks=200)
    for group in ("domain", "network"):
        waiting = text(f"state = 'queued' AND {FIRST} AND {group}_hash = 'x'")
        assert f"ix_outbox_mails_{group}" in plan(select(OutboxMail.id).where(waiting))


def test_a_form_sent_again_with_proof_of_work_lifts_the_mail_that_waits(app):
    factories.campaign()
    signing.sign(factories.HONG)
    factories.answer_requests()
    signing.sign(replace(factories.HONG, signals="breaker proved"))
    factories.answer_requests()
    assert [mail.proved for mail in load(select(OutboxMail))] == [True]
