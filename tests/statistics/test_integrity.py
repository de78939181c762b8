"""The outcome of all sign-ups: nothing that points at a person, and nothing that subtracting gives back."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from pledge.core.db import transaction
from pledge.signatures.models import Signature
from pledge.statistics import integrity
from pledge.statistics.models import IntegrityReport
from tests.support.factories import campaign, crowd, invalidation, signatures, the_campaign

pytestmark = pytest.mark.usefixtures("app")


def invalidated(number, reason):
    ids = crowd(number)
    cause = invalidation(reason=reason, applied=number).id
    with transaction() as session:
        session.execute(
            update(Signature).where(Signature.id.in_(ids)).values(state="invalidated", invalidation_id=cause)
        )


def pending(number, of=None):
    crowd(number, of, state="pending", confirmed_at=None)


def withdrawn(number):
    crowd(number, state="withdrawn")


def figures(of=None):
    return integrity.integrity((of or the_campaign()).id)


def test_every_sign_up_is_in_one_line(frozen_clock):
    crowd(30)
    pending(7)
    withdrawn(6)
    invalidated(5, "automated")
    invalidated(8, "disposable")
    found = figures()
    assert (found.as_of, found.confirmed, found.submitted) == (frozen_clock.now(), 30, 56)
    assert found.uncounted == {"pending": 7, "withdrawn": 6, "automated": 5, "disposable": 8}


def test_small_reasons_are_merged_until_they_hide_one_another():
    crowd(30)
    pending(40)
    withdrawn(3)
    invalidated(2, "duplicate")
    invalidated(3, "disposable")
    invalidated(9, "automated")
    assert figures().uncounted == {"pending": 40, "withdrawn": 3, "automated": 9, "merged": 5}
    assert figures().submitted == 87


def test_a_single_small_reason_is_merged_with_the_next_one():
    """How many were taken out in all is in the public log; for which reason each was, is not."""
    crowd(30)
    invalidated(1, "duplicate")
    invalidated(45, "automated")
    assert figures().uncounted == {"merged": 46}


@pytest.mark.parametrize(("number", "reason"), [(1, "automated"), (45, "automated"), (3, "other")])
def test_what_the_public_log_tells_is_not_hidden(number, reason):
    """Who withdrew and who was taken out are entries of it: anybody can count them."""
    crowd(30)
    withdrawn(1)
    invalidated(number, reason)
    found = figures()
    assert found.uncounted == {"withdrawn": 1, reason: number}
    assert found.submitted == 31 + number


def test_few_reasons_are_given_as_their_sum_which_the_log_gives_as_well():
    invalidated(1, "automated")
    invalidated(2, "other")
    assert figures().uncounted == {"merged": 3}


def test_fewer_than_five_who_wait_are_not_given_away_by_the_sum():
    crowd(30)
    pending(2)
    withdrawn(9)
    found = figures()
    assert (found.confirmed, found.submitted, found.uncounted) == (
        30,
        None,
        {"pending": None, "withdrawn": 9},
    )


def test_a_campaign_that_nobody_signed():
    found = figures()
    assert (found.confirmed, found.submitted, found.uncounted) == (0, 0, {})


def test_the_figures_of_each_campaign_are_its_own():
    pending(6)
    other = campaign("other")
    pending(5, other)
    assert figures(other).uncounted == {"pending": 5}


def test_pages_show_what_the_worker_has_stored_and_it_reads_again_when_that_may_be(frozen_clock):
    crowd(9)
    of = the_campaign().id
    assert integrity.recent(of).confirmed == 9, "read now, before the worker has"
    integrity.renew()
    crowd(1)
    assert (integrity.recent(of).confirmed, integrity.integrity(of).confirmed) == (9, 10)
    frozen_clock.move(minutes=1)
    integrity.renew()
    assert integrity.recent(of) == integrity.integrity(of)


def test_reading_takes_the_worker_a_hundredth_of_the_time(frozen_clock, statements):
    crowd(1)
    integrity.renew()
    with transaction() as session:
        session.execute(update(IntegrityReport).values(took=timedelta(seconds=2)))
    for seconds, times in ((199, 0), (1, 1)):
        frozen_clock.move(seconds=seconds)
        with statements() as seen:
            integrity.renew()
        assert sum("FROM signatures" in statement for statement in seen) == times


def test_the_page_and_the_document_say_the_same(client):
    crowd(12)
    pending(7)
    invalidated(5, "automated")
    page = client.get("/en/c/blue-skies/progress")
    document = client.get("/api/v1/campaigns/blue-skies/integrity").get_json()
    assert page.status_code == 200
    assert "Made by a program" in page.text
    for number in ("12", "24", "7", "5"):
        assert f">{number}<" in page.text
    assert document["not_counted"] == {"pending": 7, "automated": 5}
    assert (document["submitted"], document["confirmed"], document["smallest_shown"]) == (24, 12, 5)


def held(number, state="held", **facts):
    facts |= {"invalidation_id": invalidation().id} if state == "invalidated" else {}
    signatures(number, state=state, hold_reason="staff", **facts)


def test_those_that_are_held_and_those_that_were_refused_have_a_line_of_their_own():
    crowd(30)
    held(6)
    held(7, state="invalidated")
    invalidated(5, "automated")
    assert figures().uncounted == {"held": 6, "refused": 7, "automated": 5}
    assert (figures().confirmed, figures().submitted) == (30, 48)


@pytest.mark.parametrize("state", ["held", "invalidated"])
def test_fewer_than_five_of_them_are_not_shown_as_the_log_tells_nothing_of_them(state):
    crowd(30)
    held(4, state=state)
    assert figures().uncounted == {"refused" if state == "invalidated" else "held": None}
    assert figures().submitted is None
