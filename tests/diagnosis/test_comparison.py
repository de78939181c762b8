"""What the worker's comparison finds within the hour, and what in the night, when it reads everything."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.core import clock
from pledge.core.db import load
from pledge.diagnosis import contents
from pledge.ledger.models import Comparison
from pledge.signatures import entries, services
from tests.support import factories, ledger, paper
from tests.support.insider import as_superuser

FOUND_WITHIN_THE_HOUR = {
    "a head": "UPDATE ledger_heads SET people = people + 1000",
    "a head that is gone": "DELETE FROM ledger_heads",
    "a tally": "UPDATE tallies SET count = count + 1 WHERE dimension = 'region' AND key = 'KR-26'",
    "two tallies that add up": """
        UPDATE tallies SET count = count + CASE key WHEN 'KR' THEN 1 ELSE -1 END WHERE kind = 'person' AND key IN ('KR', 'JP')""",
    "an entry of this hour that is gone": "DELETE FROM ledger_entries WHERE number = (SELECT MAX(number) FROM ledger_entries)",
    "an entry of this hour that says something else": """
        UPDATE ledger_entries SET country = 'US', region = NULL WHERE number = (SELECT MAX(number) FROM ledger_entries)""",
    "a pledge text": """UPDATE pledge_texts SET wording = '{"ko": "x", "en": "y"}'""",
}
FOUND_AT_NIGHT = {
    "an old entry that is gone": "DELETE FROM ledger_entries WHERE number = 1",
    "an old entry that says something else": "UPDATE ledger_entries SET country = 'US', region = NULL WHERE number = 1",
    "an old number of people": "UPDATE ledger_entries SET count_after = 9 WHERE number = 1",
    "a signature that is confirmed without an entry": """
        UPDATE signatures SET state = 'confirmed', confirmed_at = submitted_at WHERE state = 'pending' AND country = 'VN'""",
    "an organisation without an entry": """
        UPDATE endorsements SET state = 'published', published_at = confirmed_at WHERE state = 'review'""",
    "a batch on paper with other numbers": """
        UPDATE paper_batches SET signatures = signatures + 1, checked_signatures = checked_signatures + 1""",
    "a signature that is gone": "DELETE FROM signatures WHERE country = 'JP'",
}


@pytest.fixture
def hour(app, frozen_clock):
    """Things were compared at noon, and an hour later more has come."""
    frozen_clock.move_to_noon()
    before = clock.now() - timedelta(hours=2)
    factories.signatures(3, region="KR-26", at=before)
    factories.signature(country="JP", at=before)
    factories.endorsement(at=before)
    factories.endorsement(state="review", at=before)
    paper.counted(factories.the_campaign())
    factories.fold_all()
    assert contents.compare() == 0
    frozen_clock.move(hours=1)
    factories.signature(country="VN", state="pending", at=clock.now())
    factories.signature(country="DE", at=clock.now())
    factories.fold_all()
    return frozen_clock


def was_in_full() -> bool:
    """Whether the last comparison, by which nothing differed, read everything."""
    return {row.in_full_at for row in load(select(Comparison))} == {clock.now()}


@pytest.mark.parametrize("statement", FOUND_WITHIN_THE_HOUR.values(), ids=FOUND_WITHIN_THE_HOUR)
def test_heads_and_tallies_that_are_not_what_was_compared_and_what_came_since_are_found_within_the_hour(
    hour, statement
):
    as_superuser(statement)
    assert contents.compare() > 0


@pytest.mark.parametrize("statement", FOUND_AT_NIGHT.values(), ids=FOUND_AT_NIGHT)
def test_what_else_was_changed_is_found_in_the_night(hour, statement):
    as_superuser(statement)
    assert contents.compare() == 0
    hour.move(hours=16)
    assert contents.compare() > 0


def test_an_ordinary_hour_is_not_read_in_full_whatever_people_do(hour):
    withdrawn, moved, removed = factories.signatures(3, region="KR-26", at=clock.now())
    factories.fold_all()
    assert contents.compare() == 0
    assert not was_in_full()
    hour.move(hours=1)
    services.withdraw(factories.manage_token(withdrawn))
    entries.set_region_by_key(factories.press_key(moved), "KR-11")
    factories.signature(factories.campaign("another"), at=clock.now())
    factories.endorsement(at=clock.now())
    assert contents.compare() == 0, "what waits to be folded is in no tally"
    assert not was_in_full()
    factories.fold_all()
    hour.move(hours=1)
    entries.set_region_by_key(factories.press_key(removed), "KR-11")
    factories.fold_all()
    assert contents.compare() == 0
    assert not was_in_full(), "a correction moves tallies, and the log stays as long as it was"
    hour.move(hours=16)
    assert contents.compare() == 0
    assert was_in_full()


def test_what_differs_is_told_until_it_is_put_right(hour):
    as_superuser("UPDATE tallies SET count = count + 1 WHERE key = 'KR-26'")
    assert contents.compare() == 1
    hour.move(hours=1)
    assert contents.compare() == 1
    ledger.recount()
    assert contents.compare() == 0
    assert was_in_full()
