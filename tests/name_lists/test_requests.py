"""A list of names is asked for by one person and decided by another; what could not be made is made again on the same approval."""

import io
import re

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from pledge.accounts.two_people import NeedsSecondPerson
from pledge.audit.models import Actor
from pledge.audit.services import NoReason
from pledge.core.db import db, transaction
from pledge.jobs import services
from pledge.jobs.models import Job
from pledge.name_lists import queries
from pledge.name_lists import rows as list_rows
from pledge.name_lists import services as named_lists
from pledge.name_lists.models import ListState, NamedList
from pledge.name_lists.services import (
    ApprovalOver,
    BadRecipientKey,
    NameListInWrongState,
    NobodyAgreed,
    NoFile,
    NoSuchTerms,
)
from pledge.signatures import own
from pledge.signatures.models import Signature
from tests.name_lists.lists import MAKERS, WHY, acts, make, names, row
from tests.support.factories import ANNA, BORA, list_terms, manage_token, signature

# --- Asking and deciding ---


def test_a_request_is_recorded_with_its_reason_and_makes_nothing(ask):
    signature(list_terms_id=list_terms().id)
    found = row(ask())
    assert (found.state, found.reason, found.asked_by) == (ListState.REQUESTED, WHY, ANNA.staff_id)
    assert re.fullmatch("[0-9a-f]{16}", found.watermark)
    assert not services.advance(MAKERS)
    (entry,) = acts()
    assert (entry.action, entry.actor, entry.network, entry.reason) == (
        "list.ask",
        ANNA.name,
        ANNA.network,
        WHY,
    )
    assert f'"watermark":"{found.watermark}"' in entry.details


@pytest.mark.parametrize(
    "decide", [named_lists.approve, lambda who, which: named_lists.refuse(who, which, "no")]
)
def test_who_asked_does_not_decide_in_whatever_session(ask, decide):
    signature(list_terms_id=list_terms().id)
    which = ask()
    for who in (
        ANNA,
        Actor(ANNA.staff_id, "another-name@example.org", "198.51.100.9"),
        Actor(None, "worker", ""),
    ):
        with pytest.raises(NeedsSecondPerson):
            decide(who, which)
    assert row(which).state == ListState.REQUESTED
    assert not services.advance(MAKERS)


@pytest.mark.parametrize("values", [{"decided_by": ANNA.staff_id}, {"decided_by": None}], ids=str)
@pytest.mark.parametrize("state", ["approved", "refused"])
def test_the_database_too_asks_for_a_second_person(ask, state, values):
    signature(list_terms_id=list_terms().id)
    which = ask()
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(NamedList).where(NamedList.id == which).values(state=state, **values))


def test_nobody_asks_without_an_account(ask):
    signature(list_terms_id=list_terms().id)
    with pytest.raises(NeedsSecondPerson):
        ask(Actor(None, "command line", ""))


def test_a_second_person_approves_and_the_worker_makes_the_list(ask, opened):
    asked = list_terms()
    signature(name="홍길동", list_terms_id=asked.id)
    which = ask()
    named_lists.approve(BORA, which)
    found = row(which)
    assert (found.state, found.decided_by, found.people) == (ListState.APPROVED, BORA.staff_id, 1)
    with pytest.raises(NoFile):
        named_lists.download(ANNA, which, "too early")
    make()
    assert names(opened(which)) == ["홍길동"]
    assert [entry.action for entry in acts()] == [
        "list.ask",
        "list.approve",
        "list.encrypted",
        "list.download",
    ]


def test_a_refused_or_retracted_request_is_over(ask):
    signature(list_terms_id=list_terms().id)
    refused, retracted = ask(), ask()
    named_lists.refuse(BORA, refused, "no such law")
    named_lists.retract(ANNA, retracted)
    assert (row(refused).state, row(refused).decided_why) == (ListState.REFUSED, "no such law")
    assert row(retracted).state == ListState.RETRACTED
    for which in (refused, retracted, 4711):
        for late in (
            lambda which=which: named_lists.approve(BORA, which),
            lambda which=which: named_lists.refuse(BORA, which, "no"),
            lambda which=which: named_lists.retract(ANNA, which),
        ):
            with pytest.raises(NameListInWrongState):
                late()
        with pytest.raises(list_rows.NotApproved):
            list_rows.make(which, io.BytesIO(), lambda *_: None)
    assert not services.advance(MAKERS)


def test_only_who_asked_for_a_name_list_takes_the_request_back(ask):
    signature(list_terms_id=list_terms().id)
    which = ask()
    with pytest.raises(NameListInWrongState):
        named_lists.retract(BORA, which)
    assert row(which).state == ListState.REQUESTED


@pytest.mark.parametrize("why", ["", " \n"])
def test_asking_refusing_and_taking_it_are_explained(ask, why):
    signature(list_terms_id=list_terms().id)
    which = ask()
    for act in (
        lambda: ask(why=why),
        lambda: named_lists.refuse(BORA, which, why),
        lambda: named_lists.download(ANNA, which, why),
    ):
        with pytest.raises(NoReason):
            act()


def test_there_is_no_list_without_terms_or_without_anybody_who_agreed(ask):
    with pytest.raises(NoSuchTerms):
        ask()
    signature(list_terms_id=None)
    list_terms()
    with pytest.raises(NobodyAgreed):
        ask()


NO_KEYS = [
    "",
    "age1",
    "age1é",
    "hong@example.org",
    "ssh-ed25519 AAAA",
    "age1" + "q" * 58,
    "a" * 10_000,
    "\ud800",
]


@pytest.mark.parametrize("key", NO_KEYS, ids=ascii)
def test_what_is_no_public_key_is_refused(key):
    with pytest.raises(BadRecipientKey) as bad:
        named_lists.read_key(key)
    assert not bad.value.is_secret


def test_a_secret_key_is_told_from_a_public_one(recipient):
    with pytest.raises(BadRecipientKey) as bad:
        named_lists.read_key(f" {recipient} ")
    assert bad.value.is_secret


def test_a_key_may_come_with_spaces_and_line_breaks_from_a_letter(recipient):
    key = str(recipient.to_public())
    assert named_lists.read_key(f"  {key[:30]}\r\n {key[30:]} ") == key


# --- When it could not be made ---


def give_up():
    """As the worker leaves a list after its last attempt."""
    with transaction() as session:
        session.execute(
            update(Job).where(Job.state == "waiting").values(state="failed", error="OSError", attempts=5)
        )


@pytest.fixture
def given_up(ask, frozen_clock):
    """An approved list of two whose making was given up; its number."""
    terms = list_terms()
    signature(name="홍길동", list_terms_id=terms.id)
    signature(name="성춘향", list_terms_id=terms.id)
    which = ask()
    named_lists.approve(BORA, which)
    give_up()
    return which


def test_a_list_that_could_not_be_made_is_made_again_on_the_same_approval(given_up, opened, frozen_clock):
    assert queries.find(given_up, "en").can_be_retried
    frozen_clock.move(hours=23, minutes=59)

    named_lists.retry(ANNA, given_up)

    assert not queries.find(given_up, "en").can_be_retried
    assert acts()[-1].action == "list.retry"
    assert (acts()[-1].subject, acts()[-1].actor, acts()[-1].reason) == (f"list:{given_up}", ANNA.name, WHY)
    make()
    assert names(opened(given_up)) == ["성춘향", "홍길동"]
    assert [one.action for one in acts()] == [
        *("list.ask", "list.approve", "list.retry", "list.encrypted", "list.download")
    ]


def test_who_took_the_consent_back_meanwhile_is_not_on_the_list_of_the_second_go(given_up, opened):
    leaving = db.session.scalars(select(Signature).order_by(Signature.id)).first()
    left = leaving.name
    own.withdraw(manage_token(leaving))
    named_lists.retry(BORA, given_up)
    make()
    assert len(names(opened(given_up))) == 1
    assert left not in names(opened(given_up))


def test_an_approval_lasts_a_day_and_then_two_people_look_anew(given_up, ask, frozen_clock):
    frozen_clock.move(hours=24)
    assert not queries.find(given_up, "en").can_be_retried
    with pytest.raises(ApprovalOver):
        named_lists.retry(ANNA, given_up)
    assert not services.advance(MAKERS)
    assert acts()[-1].action == "list.approve"
    named_lists.approve(BORA, ask())
    make()


def test_only_a_list_that_was_approved_and_given_up_is_made_again_and_once(ask, given_up):
    named_lists.retry(ANNA, given_up)
    with pytest.raises(NameListInWrongState):
        named_lists.retry(BORA, given_up)
    make()
    with pytest.raises(NameListInWrongState):
        named_lists.retry(BORA, given_up)
    for which in (ask(), 404):
        with pytest.raises(NameListInWrongState):
            named_lists.retry(ANNA, which)
    refused = ask()
    named_lists.refuse(BORA, refused, "no")
    with pytest.raises(NameListInWrongState):
        named_lists.retry(ANNA, refused)
    assert not services.advance(MAKERS)
