"""Taking signatures out of the count: counted first, decided by two, done in batches, undone as a whole."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from pledge.accounts.two_people import NeedsSecondPerson, WrongState
from pledge.audit.services import NoReason
from pledge.core import clock
from pledge.core.db import db, fetch
from pledge.ledger.models import LedgerEntry
from pledge.signatures import services
from pledge.signatures.invalidation import applying, queries
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import (
    Condition,
    Invalidation,
    InvalidationReason,
    InvalidationTarget,
)
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash, network_hash
from tests.support import crash
from tests.support.audit import actions
from tests.support.factories import (
    ANNA,
    BORA,
    campaign,
    crowd,
    manage_token,
    signature,
)
from tests.support.invalidations import people, row, states, work
from tests.support.mails import store

pytestmark = pytest.mark.usefixtures("app")

AUTOMATED = InvalidationReason.AUTOMATED


def robots():
    return Condition(domain_hash=domain_hash("blue-skies", "robots.example"))


def propose(condition=None, actor=ANNA, **more):
    return invalidations.propose(actor, condition or robots(), AUTOMATED, "a burst from one domain", **more)


def take_out(condition=None):
    """Proposed by one, approved by another, applied."""
    number = propose(condition)
    invalidations.approve(BORA, number)
    work()
    return number


def entries(reason):
    return fetch(select(LedgerEntry.delta).where(LedgerEntry.reason == reason)).scalars().all()


# --- Counting first ---


def test_proposing_counts_and_changes_nothing():
    crowd(7, domain="robots.example")
    signature()
    number = propose()
    assert row(number).matched == 7
    assert row(number).state == "proposed"
    assert states() == {"confirmed": 8}
    assert people() == 8
    assert work() == 0, "nothing is done before somebody approves"


def test_the_sample_shows_no_whole_name_and_no_address():
    crowd(30, domain="robots.example", name="김철수", country="JP")
    sample = queries.sample(propose())
    assert len(sample) == queries.SAMPLE
    assert {(line.name, line.email, line.country) for line in sample} == {("김**", "c**@r**", "JP")}
    assert {round(line.seconds) for line in sample} == {300}


def test_a_condition_that_nobody_fulfils_leaves_no_trace():
    signature()
    with pytest.raises(invalidations.NothingMatches):
        propose()
    assert db.session.scalar(select(func.count()).select_from(Invalidation)) == 0
    assert actions() == []


def test_more_than_one_invalidation_may_take_are_refused(monkeypatch):
    monkeypatch.setattr(invalidations, "MAX_SIGNATURES", 3)
    crowd(4, domain="robots.example")
    with pytest.raises(invalidations.TooManySignatures):
        propose()
    assert db.session.scalar(select(func.count()).select_from(InvalidationTarget)) == 0


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_proposal_needs_a_reason(note):
    crowd(1, domain="robots.example")
    with pytest.raises(NoReason):
        invalidations.propose(ANNA, robots(), AUTOMATED, note)


def test_every_part_of_a_condition_narrows_it(frozen_clock):
    now = frozen_clock.now()
    other = campaign("other")
    here = campaign()
    network = network_hash("blue-skies", "203.0.113.7")
    facts = {"network_hash": network, "domain": "robots.example", "at": now - timedelta(hours=2)}
    wanted = crowd(1, here, **facts)
    crowd(1, other, **facts)
    crowd(1, here, **{**facts, "network_hash": network_hash("blue-skies", "203.0.113.8")})
    crowd(1, here, **{**facts, "domain": "people.example"})
    crowd(1, here, **{**facts, "at": now - timedelta(hours=4)})
    crowd(1, here, **{**facts, "at": now - timedelta(hours=1)})
    crowd(1, here, **{**facts, "confirmed_at": facts["at"] + timedelta(minutes=20)})
    all_of_it = Condition(
        campaign_id=here.id,
        network_hash=network,
        domain_hash=domain_hash("blue-skies", "robots.example"),
        signed_from=now - timedelta(hours=3),
        signed_until=now - timedelta(hours=1),
        faster_than=600,
    )
    take_out(all_of_it)
    taken = fetch(select(Signature.id).where(Signature.state == "invalidated")).scalars()
    assert list(taken) == wanted


def test_speed_is_measured_from_the_first_mail(frozen_clock):
    signed = frozen_clock.now() - timedelta(hours=1)
    quick, slow = crowd(2, domain="robots.example", at=signed, confirmed_at=signed + timedelta(minutes=30))
    store([quick, slow], signed + timedelta(minutes=30, seconds=-2), state="sent")
    store([slow], signed + timedelta(minutes=10), state="sent")  # it was asked for again
    number = propose(Condition(faster_than=5))
    targets = select(InvalidationTarget.signature_id).where(InvalidationTarget.invalidation_id == number)
    assert list(fetch(targets).scalars()) == [quick]


@pytest.mark.parametrize("state", ["pending", "withdrawn"])
def test_only_counted_signatures_are_taken_out(state):
    signature(state=state, domain_hash=domain_hash("blue-skies", "robots.example"))
    with pytest.raises(invalidations.NothingMatches):
        propose()


# --- Deciding ---


def test_one_person_may_take_out_fifty_signatures_and_not_fifty_one():
    crowd(invalidations.MAX_WITHOUT_SECOND_PERSON, domain="robots.example")
    invalidations.approve(ANNA, propose())
    work()
    crowd(invalidations.MAX_WITHOUT_SECOND_PERSON + 1, domain="robots.example")
    number = propose()
    with pytest.raises(NeedsSecondPerson):
        invalidations.approve(ANNA, number)
    assert row(number).state == "proposed"
    invalidations.approve(BORA, number)
    assert row(number).decided_by == BORA.staff_id


def test_an_invalidation_is_approved_once():
    crowd(3, domain="robots.example")
    number = propose()
    invalidations.approve(BORA, number)
    for late in (invalidations.approve, lambda actor, which: invalidations.discard(actor, which, "no")):
        with pytest.raises(WrongState):
            late(ANNA, number)
    assert actions() == ["invalidation.propose", "invalidation.approve"]


def test_what_was_discarded_can_no_longer_be_approved():
    crowd(3, domain="robots.example")
    number = propose()
    invalidations.discard(BORA, number, "these are the pupils of one school")
    with pytest.raises(WrongState):
        invalidations.approve(BORA, number)
    assert work() == 0
    assert (row(number).state, row(number).ended_why) == ("discarded", "these are the pupils of one school")
    assert db.session.scalar(select(func.count()).select_from(InvalidationTarget)) == 0


def test_what_its_author_discards_is_no_refusal():
    crowd(3, domain="robots.example")
    recalled, by = propose(), actions()
    invalidations.discard(ANNA, recalled, "the wrong domain")
    refused = propose()
    invalidations.discard(BORA, refused, "a school")
    assert actions()[len(by) :: 2] == ["invalidation.take_back", "invalidation.discard"]
    assert [row(number).returned_why for number in (recalled, refused)] == [None, "a school"]
    invalidations.acknowledge(ANNA, refused)
    assert row(refused).returned_why is None


# --- Applying ---


def test_whoever_left_in_between_is_left_alone(frozen_clock):
    withdrew, erased, again, stays = (
        signature(email=f"{who}@robots.example", domain_hash=domain_hash("blue-skies", "robots.example"))
        for who in ("withdrew", "erased", "again", "stays")
    )
    number = propose()
    services.withdraw(manage_token(withdrew))
    services.erase(manage_token(erased))
    services.withdraw(manage_token(again))
    signature(email="again@robots.example")  # signed anew and confirmed
    invalidations.approve(BORA, number)
    work()
    assert states() == {"withdrawn": 2, "invalidated": 1, "confirmed": 1}
    assert row(number).applied == 1
    assert entries("removed") == [-1] * 4
    assert stays.id == db.session.scalar(select(Signature.id).where(Signature.state == "invalidated"))


def test_a_crash_at_every_statement_loses_nothing_and_doubles_nothing():
    crowd(5, domain="robots.example")
    number = propose()
    invalidations.approve(BORA, number)
    crashes = 0
    while row(number).state == "applying":
        with crash.at_statement(crashes % 12 + 1):
            applying.advance(2)
        crashes += 1
        taken = states().get("invalidated", 0)
        assert len(entries("removed")) == taken == row(number).applied
    assert (states(), people(), crashes > 4) == ({"invalidated": 5}, 0, True)


def test_many_are_taken_out_and_put_back_in_batches_and_nobody_else():
    crowd(50, domain="robots.example")
    signature()
    number = propose()
    invalidations.approve(BORA, number)
    assert work(limit=5) == 11
    assert (states(), people()) == ({"invalidated": 50, "confirmed": 1}, 1)
    assert entries("removed") == [-1] * 50
    assert (row(number).state, row(number).applied) == ("applied", 50)
    assert actions() == ["invalidation.propose", "invalidation.approve", "invalidation.applied"]
    invalidations.undo(ANNA, number, "they are pupils of one school")
    assert work(limit=5) == 11
    assert (states(), people()) == ({"confirmed": 51}, 51)
    assert entries("reinstated") == [1] * 50
    assert (row(number).state, row(number).reinstated) == ("undone", 50)
    with pytest.raises(WrongState):
        invalidations.undo(ANNA, number, "again")


def test_about_a_set_one_decision_is_open_at_a_time():
    crowd(4, domain="robots.example")
    first = propose()
    with pytest.raises(invalidations.Undecided) as refused:
        propose(Condition(signed_until=clock.now()), actor=BORA)
    assert refused.value.invalidation_id == first
    invalidations.approve(BORA, first)
    with pytest.raises(invalidations.Undecided):
        propose()  # as the worker has not done it yet
    invalidations.undo(ANNA, first, "a school")
    work()
    invalidations.discard(BORA, propose(), "a school")
    crowd(2, domain="people.example")
    propose()
    assert row(propose(Condition(domain_hash=domain_hash("blue-skies", "people.example")))).matched == 2


# --- Undoing ---


def test_undoing_an_invalidation_needs_a_reason():
    crowd(1, domain="robots.example")
    number = take_out()
    with pytest.raises(NoReason):
        invalidations.undo(ANNA, number, " ")
    assert row(number).state == "applied"


def test_undoing_in_the_middle_stops_the_rest():
    crowd(6, domain="robots.example")
    number = propose()
    invalidations.approve(BORA, number)
    applying.advance(2)
    invalidations.undo(ANNA, number, "the wrong domain")
    work(2)
    assert (row(number).state, row(number).applied, row(number).reinstated) == ("undone", 2, 2)
    assert db.session.scalar(select(func.count()).select_from(InvalidationTarget)) == 0
    assert states() == {"confirmed": 6}
    assert people() == 6


def test_who_erased_meanwhile_does_not_come_back():
    gone, stays = (
        signature(email=f"{who}@robots.example", domain_hash=domain_hash("blue-skies", "robots.example"))
        for who in ("gone", "stays")
    )
    number = take_out()
    services.erase(manage_token(gone))
    invalidations.undo(ANNA, number, "a mistake")
    work()
    assert states() == {"confirmed": 1}
    assert people() == 1
    assert db.session.scalar(select(Signature.id)) == stays.id
