"""Where a signer lives can be said and put right after confirming: the breakdowns follow, the count and the log stay."""

import pytest
from sqlalchemy import select

from pledge.core.db import db, transaction
from pledge.core.tokens import BadToken
from pledge.ledger import counting, log_queries, queries
from pledge.ledger.models import Dimension, Kind
from pledge.ledger.services import Place
from pledge.signatures import services
from pledge.signatures.entries import BadPlace, set_place, set_region_by_key
from pledge.signatures.invalidation import applying
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash
from pledge.statistics.integrity import mismatches
from tests.support import factories, ledger
from tests.support.factories import ANNA, BORA, fold_all, manage_token, press_key, signature
from tests.support.ledger import recount, verify

pytestmark = pytest.mark.usefixtures("app")


def move(person, country, region=None):
    with transaction() as session:
        row = session.scalar(select(Signature).where(Signature.id == person.id).with_for_update())
        set_place(session, row, Place(country, region))


def shown():
    """What the tallies say, without what is zero; they are what signatures and entries add up to."""
    fold_all()
    assert recount() == []
    assert mismatches() == []
    _, tallies = queries.tallies(factories.the_campaign().id)
    return tuple(
        {key: number for key, number in tallies[dimension].items() if number}
        for dimension in (Dimension.TOTAL, Dimension.COUNTRY, Dimension.REGION)
    )


def test_a_region_said_after_confirming_is_counted_there():
    person = signature(region=None)
    signature(region="KR-26")
    assert shown() == ({"": 2}, {"KR": 2}, {"KR-26": 1})
    set_region_by_key(press_key(person), "KR-11")
    assert shown() == ({"": 2}, {"KR": 2}, {"KR-26": 1, "KR-11": 1})


def test_a_region_said_before_the_fold_is_counted_with_the_signature():
    set_region_by_key(press_key(signature(region=None)), "KR-11")
    assert shown() == ({"": 1}, {"KR": 1}, {"KR-11": 1})
    assert ledger.entries()[0].set_aside is None


def test_the_public_log_and_ones_number_stay_as_they_were():
    person = signature(region=None)
    fold_all()
    before = ledger.entries(), log_queries.newest(person.campaign_id).note
    move(person, "JP")
    fold_all()
    assert (ledger.entries(), log_queries.newest(person.campaign_id).note) == before
    assert queries.number_of(person.id) == 1
    assert verify(person.campaign_id, "blue-skies").faults == []


def test_a_place_can_be_put_right_again_and_again():
    person = signature(region="KR-11")
    move(person, "KR", "KR-26")
    move(person, "JP")
    assert shown() == ({"": 1}, {"JP": 1}, {})
    move(person, "KR", "KR-11")
    assert shown() == ({"": 1}, {"KR": 1}, {"KR-11": 1})


def test_what_is_counted_up_to_an_earlier_checkpoint_has_the_earlier_place():
    person = signature(region="KR-11")
    fold_all()
    signature(region="KR-26")
    fold_all()
    move(person, "KR", "KR-50")
    fold_all()
    with db.engine.connect() as connection:
        earlier = counting.counted(connection, person.campaign_id, 1).tallies[Kind.PERSON]
    assert earlier[Dimension.REGION] == {"KR-11": 1}


@pytest.mark.parametrize("leave", [services.withdraw, services.erase])
@pytest.mark.parametrize("is_folded", [True, False])
def test_who_leaves_is_counted_nowhere(leave, is_folded):
    person = signature(region="KR-11")
    move(person, "KR", "KR-26")
    if is_folded:
        fold_all()
    leave(manage_token(person))
    assert shown() == ({}, {}, {})


def test_who_is_taken_out_and_put_back_by_staff_is_counted_where_they_are_now():
    mail = domain_hash("blue-skies", "robots.example")
    person = signature(region="KR-11", domain_hash=mail)
    move(person, "KR", "KR-26")
    number = invalidations.propose(ANNA, Condition(domain_hash=mail), InvalidationReason.AUTOMATED, "a burst")
    invalidations.approve(BORA, number)
    assert applying.advance()
    assert applying.advance()
    assert shown() == ({}, {}, {})
    move(person, "KR", "KR-50")
    assert shown() == ({}, {}, {})
    invalidations.undo(ANNA, number, "a school")
    assert applying.advance()
    assert shown() == ({"": 1}, {"KR": 1}, {"KR-50": 1})


@pytest.mark.parametrize(("country", "region"), [("XX", None), ("KR", "KR-99"), ("KR", "US-CA")])
def test_a_place_that_is_none_changes_nothing(country, region):
    person = signature(region="KR-11")
    with pytest.raises(BadPlace):
        move(person, country, region)
    assert shown() == ({"": 1}, {"KR": 1}, {"KR-11": 1})


@pytest.mark.parametrize("state", ["pending", "withdrawn", "invalidated"])
def test_a_link_sets_no_region_of_what_is_not_counted(state):
    with pytest.raises(BadToken):
        set_region_by_key(press_key(signature(state=state, region=None)), "KR-11")
