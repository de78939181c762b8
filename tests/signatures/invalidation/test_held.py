"""Deciding about signatures that are held: held by condition, released or refused in batches, each by its own set."""

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from pledge.abuse.origin_list import LargeProviderNotAllowed
from pledge.accounts.two_people import NeedsSecondPerson, WrongState
from pledge.audit.models import AuditEntry
from pledge.core import clock
from pledge.core.db import db, fetch, transaction
from pledge.ledger.services import Place
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures import moderation, services
from pledge.signatures.invalidation import applying, queries
from pledge.signatures.invalidation import services as acts
from pledge.signatures.invalidation.models import (
    Condition,
    Invalidation,
    InvalidationAct,
    InvalidationReason,
    NoCondition,
)
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash
from tests.support import crash
from tests.support.factories import (
    ANNA,
    BORA,
    SLUG,
    manage_token,
    signature,
    signatures,
    the_campaign,
)
from tests.support.invalidations import people, row, work
from tests.support.ledger import entries
from tests.support.mails import delivered, part
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")

HOLD, RELEASE = InvalidationAct.HOLD, InvalidationAct.RELEASE
TAKE_OUT = InvalidationAct.INVALIDATE
WIDE = bytes(range(32))


def propose(act, condition=None):
    reason = InvalidationReason.AUTOMATED if act is TAKE_OUT else None
    condition = condition or Condition(campaign_id=the_campaign().id, signed_until=clock.now())
    return acts.propose(ANNA, condition, reason, "looked at", act=act)


def decide(act, condition=None):
    number = propose(act, condition)
    acts.approve(BORA, number)
    work()
    return number


def states():
    query = select(Signature.state, Signature.hold_reason, func.count())
    grouped = query.group_by(Signature.state, Signature.hold_reason)
    return {(state, reason): number for state, reason, number in fetch(grouped)}


def mails(kind):
    return number_of(OutboxMail, OutboxMail.kind == kind)


def test_releasing_counts_those_that_were_held_once_and_thanks_each():
    signatures(7, state="held", country="KR", region="KR-26")
    signature()
    number = propose(RELEASE)
    assert people() == 1, "nothing happens before somebody approves"
    acts.approve(BORA, number)
    work(limit=3)
    assert states() == {("confirmed", None): 8}
    assert people() == 8
    assert mails(MailKind.THANKS) == 7
    with pytest.raises(WrongState):
        acts.undo(ANNA, number, "a mistake")


def test_a_crash_at_every_statement_of_a_release_loses_nothing_and_doubles_nothing():
    signatures(3, state="held")
    number = propose(RELEASE)
    acts.approve(BORA, number)
    crashes = 0
    while row(number).state == "applying":
        with crash.at_statement(crashes % 16 + 1):
            applying.advance(2)
        crashes += 1
        released = states().get(("confirmed", None), 0)
        assert len(entries()) == mails(MailKind.THANKS) == released
    assert (states(), crashes > 4) == ({("confirmed", None): 3}, True)


def test_refusing_takes_them_out_without_an_entry_and_undoing_it_holds_them_again():
    signatures(7, state="held")
    number = decide(TAKE_OUT)
    assert states() == {("invalidated", "staff"): 7}
    assert (people(), entries()) == (0, [])
    acts.undo(ANNA, number, "they are people")
    work()
    assert states() == {("held", "staff"): 7}
    assert (people(), entries()) == (0, [])
    decide(RELEASE)
    assert people() == 7


def test_those_who_were_held_are_told_at_once_and_those_who_were_counted_once_the_count_has_changed():
    signatures(2, state="held"), signatures(3)
    decide(TAKE_OUT)
    assert mails(MailKind.INVALIDATED) == 2
    assert people() == 0
    assert mails(MailKind.INVALIDATED) == 5


def test_counted_and_held_ones_are_taken_out_in_one_act_and_each_is_put_back_to_what_it_was():
    signatures(3), signatures(2, state="held", hold_reason="speed")
    before = people()
    number = decide(TAKE_OUT)
    assert states() == {("invalidated", None): 3, ("invalidated", "speed"): 2}
    assert (before, people()) == (3, 0)
    acts.undo(ANNA, number, "they are people")
    work()
    assert states() == {("confirmed", None): 3, ("held", "speed"): 2}
    assert people() == 3


def test_whoever_is_refused_is_not_told_that_they_were_taken_out_of_a_count_they_were_never_in(client):
    person = signature(state="held", lang="en")
    decide(TAKE_OUT)
    [(_, mail)] = delivered()
    own_page = client.get(f"/en/me/{manage_token(person)}").text
    for text in (part(mail, "plain"), part(mail, "html"), mail["Subject"], own_page):
        assert "taken out of the count" not in text
    assert "decided that it is not counted" in part(mail, "plain")
    assert "decided that it is not counted" in part(mail, "html")
    assert "It has never been counted" in own_page


def test_what_waits_is_held_by_condition_and_becomes_held_when_it_is_confirmed():
    caught = signatures(3, state="pending", wide_network_hash=WIDE)
    other, counted = signature(state="pending"), signature(wide_network_hash=WIDE)
    number = propose(HOLD, Condition(wide_network_hash=WIDE))
    acts.approve(ANNA, number)
    work()
    assert states() == {("pending", "staff"): 3, ("pending", None): 1, ("confirmed", None): 1}
    for person in (*caught, other):
        services.confirm(person.id)
    assert states() == {("held", "staff"): 3, ("confirmed", None): 2}
    assert people() == 2
    assert counted.state == "confirmed"


def test_a_release_is_for_those_too_who_would_be_held_once_they_confirm():
    waiting = signatures(3, state="pending", hold_reason="speed", wide_network_hash=WIDE)
    signature(state="held", wide_network_hash=WIDE), signature(state="pending", wide_network_hash=WIDE)
    signature(state="pending", hold_reason="speed")
    decide(RELEASE, Condition(wide_network_hash=WIDE))
    assert states() == {("pending", None): 4, ("pending", "speed"): 1, ("confirmed", None): 1}
    assert [db.session.get(Signature, item.id).cleared for item in waiting] == [True] * 3
    assert (people(), mails(MailKind.THANKS)) == (1, 1)
    for person in waiting:
        services.confirm(person.id)
    assert people() == 4


def test_a_large_provider_is_held_only_together_with_a_network():
    naver = domain_hash(SLUG, "naver.com")
    signature(state="pending", domain_hash=naver)
    signature(state="pending", domain_hash=naver, wide_network_hash=WIDE)
    campaign_id = the_campaign().id
    with pytest.raises(LargeProviderNotAllowed):
        propose(HOLD, Condition(campaign_id=campaign_id, domain_hash=naver))
    decide(HOLD, Condition(campaign_id=campaign_id, domain_hash=naver, wide_network_hash=WIDE))
    assert states() == {("pending", None): 1, ("pending", "staff"): 1}


@pytest.mark.parametrize(
    ("act", "facts"),
    [
        (RELEASE, {"state": "held"}),
        (TAKE_OUT, {"state": "held"}),
        (RELEASE, {"state": "pending", "hold_reason": "speed"}),
    ],
)
def test_more_than_fifty_need_a_second_person(act, facts):
    signatures(51, **facts)
    number = propose(act)
    with pytest.raises(NeedsSecondPerson):
        acts.approve(ANNA, number)
    acts.approve(BORA, number)


def test_one_person_alone_may_hold_many_as_nothing_is_taken_from_the_count():
    signatures(51, state="pending", wide_network_hash=WIDE)
    acts.approve(ANNA, propose(HOLD, Condition(wide_network_hash=WIDE)))
    work()
    assert states() == {("pending", "staff"): 51}


@pytest.mark.parametrize("act", InvalidationAct)
def test_nothing_is_done_to_everybody_for_want_of_a_condition(act):
    (
        signature(),
        signature(state="held"),
        signature(state="pending"),
        signature(state="pending", hold_reason="speed"),
    )
    with pytest.raises(NoCondition):
        propose(act, Condition(campaign_id=the_campaign().id))
    assert db.session.scalar(select(func.count()).select_from(Invalidation)) == 0


def test_the_database_refuses_a_proposal_without_a_condition():
    signature(state="held")
    number = propose(RELEASE)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Invalidation).where(Invalidation.id == number).values(signed_until=None))


@pytest.mark.parametrize("is_approved", [False, True])
def test_whoever_is_released_alone_is_left_out_by_a_decision_about_many(is_approved):
    person = signatures(4, state="held")[0]
    number = propose(TAKE_OUT)
    if is_approved:
        acts.approve(BORA, number)
    moderation.release(BORA, person.id, "wrote to us")
    if not is_approved:
        acts.approve(BORA, number)
    work()
    assert states()["confirmed", None] == people() == 1
    assert (row(number).matched, row(number).applied) == (4, 3)


def test_what_was_decided_before_about_the_same_network_or_domain_is_told():
    robots = domain_hash(SLUG, "robots.example")
    signatures(3, domain_hash=robots)
    signatures(2, state="held", domain_hash=robots, wide_network_hash=WIDE)
    taken_out = decide(TAKE_OUT, Condition(domain_hash=robots))
    signature(state="held", domain_hash=robots)
    refused = propose(RELEASE, Condition(domain_hash=robots))
    acts.discard(BORA, refused, "robots")

    def similar(**condition):
        return [(item.id, item.applied) for item in queries.similar(Condition(**condition))]

    expected = [(refused, 0), (taken_out, 5)]
    assert similar(domain_hash=robots) == similar(domain_hash=robots, network_hash=WIDE) == expected
    assert similar(wide_network_hash=WIDE) == similar(signed_until=clock.now()) == []
    assert [item.id for item in queries.similar(Condition(domain_hash=robots), but=taken_out)] == [refused]


def test_what_is_open_is_found_by_whom_it_is_about_and_not_by_its_condition():
    robots = domain_hash(SLUG, "robots.example")
    signatures(2, state="held", domain_hash=robots, wide_network_hash=WIDE)
    signature(state="held", domain_hash=domain_hash(SLUG, "people.example"))
    number = propose(RELEASE, Condition(wide_network_hash=WIDE))

    def undecided(domain):
        return [item.id for item in queries.undecided(Condition(domain_hash=domain_hash(SLUG, domain)))]

    assert (undecided("robots.example"), undecided("people.example")) == ([number], [])
    acts.approve(BORA, number)
    assert undecided("robots.example") == [number]
    work()
    assert undecided("robots.example") == []


def test_those_who_are_counted_and_the_reasons_for_which_the_others_are_held_are_counted():
    signatures(4), signature(state="pending")
    signatures(3, state="held", hold_reason="speed"), signature(state="held", hold_reason="signals")
    assert queries.hold_reasons(propose(TAKE_OUT)) == {"": 4, "speed": 3, "signals": 1}


@pytest.mark.parametrize("act", [RELEASE, TAKE_OUT])
def test_only_the_set_that_was_counted_is_decided_about(act):
    signatures(2, state="held")
    signature(state="pending")
    number = propose(act)
    assert db.session.get(Invalidation, number).matched == 2
    late = signature(state="held", at=clock.now())
    acts.approve(BORA, number)
    work()
    assert (states()["held", "staff"], states()["pending", None]) == (1, 1)
    assert db.session.get(Signature, late.id).state == "held"


def test_each_step_is_in_the_audit_log_under_the_name_of_the_act():
    signatures(2, state="held")
    acts.undo(ANNA, decide(TAKE_OUT), "they are people")
    work()
    acts.discard(BORA, propose(RELEASE), "not yet")
    query = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert query == [
        *(f"invalidation.{step}" for step in ("propose", "approve", "applied", "undo", "undone")),
        *("release.propose", "release.discard"),
    ]


@pytest.mark.parametrize("released", ["alone", "with others"])
def test_whoever_moved_while_refused_is_counted_where_they_live_once_released(released):
    person = signature(state="held", name="홍길동", region="KR-11")
    number = decide(TAKE_OUT)
    services.change(
        manage_token(person), name="홍길동", place=Place("KR", "KR-26"), public_name=False, updates=False
    )
    acts.undo(ANNA, number, "a person")
    work()

    if released == "alone":
        moderation.release(ANNA, person.id, "a person")
    else:
        decide(RELEASE)

    assert people() == 1
    assert [(entry.country, entry.region) for entry in entries()] == [("KR", "KR-26")]
