"""Staff, workers and signers at the same moment, on connections of their own, on both databases."""

from functools import partial

import pytest

from pledge.accounts.two_people import WrongState
from pledge.audit.models import Actor
from pledge.ledger.models import LedgerEntry
from pledge.signatures import services as signature_services
from pledge.signatures.invalidation import services
from pledge.signatures.invalidation.models import Condition, Invalidation, InvalidationAct, InvalidationReason
from pledge.signatures.invalidation.services import Undecided
from pledge.signatures.origins import domain_hash
from tests.support.at_once import at_once
from tests.support.factories import (
    ANNA,
    confirm_token,
    crowd,
    manage_token,
    sign_form,
    signature,
    signatures,
)
from tests.support.invalidations import people, row, states, work
from tests.support.rows import number_of

ROBOTS = "robots.example"


def propose():
    condition = Condition(domain_hash=domain_hash("blue-skies", ROBOTS))
    return services.propose(ANNA, condition, InvalidationReason.AUTOMATED, "a burst")


def test_approving_and_discarding_at_once_end_in_one_of_both(app):
    crowd(3, domain=ROBOTS)
    which = propose()
    outcomes = at_once(
        app,
        *[lambda: services.approve(ANNA, which), lambda: services.discard(ANNA, which, "no")] * 4,
        expected=(WrongState,),
    )
    assert outcomes.count(None) == 1
    work()
    end = row(which).state
    assert states() == ({"invalidated": 3} if end == "applied" else {"confirmed": 3})


def test_of_opposite_proposals_at_once_about_the_same_people_one_is_open(app):
    signatures(40, state="held", domain_hash=domain_hash("blue-skies", ROBOTS))

    def release():
        condition = Condition(domain_hash=domain_hash("blue-skies", ROBOTS))
        return services.propose(ANNA, condition, None, "a school", act=InvalidationAct.RELEASE)

    outcomes = at_once(app, *[propose, release] * 4, expected=(Undecided,))
    (opened,) = (outcome for outcome in outcomes if not isinstance(outcome, Undecided))
    refused = {error.invalidation_id for error in outcomes if isinstance(error, Undecided)}
    assert (refused, number_of(Invalidation)) == ({opened}, 1)


def test_several_workers_take_everybody_out_once(app):
    crowd(200, domain=ROBOTS)
    which = propose()
    services.approve(Actor(9, "nine@example.org", ""), which)
    at_once(app, *[partial(work, 3)] * 4)
    work()
    assert states() == {"invalidated": 200}
    assert number_of(LedgerEntry, LedgerEntry.delta == -1) == 200
    assert people() == 0


def test_leaving_while_it_is_applied_counts_nobody_out_twice(app):
    leaving = [
        signature(email=f"p{who}@{ROBOTS}", domain_hash=domain_hash("blue-skies", ROBOTS))
        for who in range(40)
    ]
    tokens = [manage_token(person) for person in leaving]
    which = propose()
    services.approve(ANNA, which)

    def leave(act, mine):
        for token in mine:
            act(token)

    outcomes = at_once(
        app,
        partial(work, 3),
        lambda: leave(signature_services.withdraw, tokens[:15]),
        lambda: leave(signature_services.erase, tokens[15:30]),
        lambda: leave(signature_services.withdraw, reversed(tokens[30:])),
    )
    assert outcomes[1:] == [None] * 3
    work()
    assert number_of(LedgerEntry, LedgerEntry.delta == -1) == 40
    assert people() == 0
    assert set(states()) <= {"withdrawn", "invalidated"}


def test_undoing_while_it_is_applied_leaves_everybody_counted(app):
    crowd(60, domain=ROBOTS)
    which = propose()
    services.approve(Actor(9, "nine@example.org", ""), which)
    at_once(app, partial(work, 3), partial(work, 3), lambda: services.undo(ANNA, which, "a school"))
    work()
    assert states() == {"confirmed": 60}
    assert people() == 60


@pytest.mark.parametrize("act", ["confirm", "sign"])
def test_pressing_the_link_or_signing_again_while_it_is_applied_counts_nobody(app, act):
    person = signature(email=f"hong@{ROBOTS}", domain_hash=domain_hash("blue-skies", ROBOTS))
    path, data = f"/ko/confirm/{confirm_token(person)}", {}
    if act == "sign":
        path, data = "/ko/c/blue-skies/sign", sign_form(email=f"hong@{ROBOTS}")
    which = propose()
    services.approve(ANNA, which)
    outcomes = at_once(
        app, partial(work, 3), *[lambda: app.test_client().post(path, data=data).status_code] * 5
    )
    work()
    outcomes.append(app.test_client().post(path, data=data).status_code)
    assert set(outcomes[1:]) <= ({303} if act == "sign" else {303, 409})
    assert states() == ({"invalidated": 1, "pending": 1} if act == "sign" else {"invalidated": 1})
    assert people() == 0
