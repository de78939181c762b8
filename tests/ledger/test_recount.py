"""The recount finds what differs from the entries, in each table, and puts it right."""

import pytest

from pledge.ledger import queries
from pledge.ledger.models import Kind, Reason
from tests.support import ledger
from tests.support.insider import as_superuser
from tests.support.ledger import fold, recount

#: What is planted, and what the recount says of it.
PLANTED = {
    "UPDATE tallies SET count = count + 2 WHERE kind = 'person' AND dimension = 'total'": (
        "the tally of total was 5, the entries say 3",
    ),
    "UPDATE tallies SET count = 9 WHERE kind = 'organization' AND dimension = 'total'": (
        "the tally of organization total was 9, the entries say 2",
    ),
    "UPDATE tallies SET count = 9 WHERE kind = 'person' AND key = 'JP'": (
        "the tally of country JP was 9, the entries say 1",
    ),
    "DELETE FROM tallies WHERE kind = 'organization' AND key = 'JP'": (
        "the tally of organization country JP was missing, the entries say 1",
    ),
    "DELETE FROM tallies WHERE key = 'KR-11'": ("the tally of region KR-11 was missing, the entries say 1",),
    "UPDATE tallies SET key = '2026-11-24T13' WHERE kind = 'person' AND dimension = 'hour'": (
        "the tally of hour 2026-11-24T12 was missing, the entries say 3",
        "the tally of hour 2026-11-24T13 was 3, the entries say 0",
    ),
    "DELETE FROM tallies WHERE kind = 'person'": (
        "the tally of country JP was missing, the entries say 1",
        "the tally of country KR was missing, the entries say 2",
        "the tally of hour 2026-11-24T12 was missing, the entries say 3",
        "the tally of region KR-11 was missing, the entries say 1",
        "the tally of total was missing, the entries say 3",
    ),
    "UPDATE ledger_heads SET size = 1": (
        "the head said 1 entries, 3 people and 2 organizations, the entries say 7, 3 and 2",
    ),
    "UPDATE ledger_heads SET people = 5, organizations = 0": (
        "the head said 7 entries, 5 people and 0 organizations, the entries say 7, 3 and 2",
    ),
    "DELETE FROM ledger_heads": ("the head was missing, the entries say 7, 3 and 2",),
    "UPDATE ledger_entries SET count_after = 9 WHERE number > 1": (
        "count_after was wrong in 6 of the entries",
    ),
    "UPDATE ledger_entries SET kind = 'person' WHERE number = 7": (
        "count_after was wrong in 1 of the entries",
        "the head said 7 entries, 3 people and 2 organizations, the entries say 7, 4 and 1",
        "the tally of organization country KR was 1, the entries say 0",
        "the tally of organization hour 2026-11-24T12 was 2, the entries say 1",
        "the tally of organization total was 2, the entries say 1",
        "the tally of country KR was 2, the entries say 3",
        "the tally of hour 2026-11-24T12 was 3, the entries say 4",
        "the tally of total was 3, the entries say 4",
    ),
}


@pytest.fixture
def campaign(app) -> int:
    """Three people and, after them, two organisations that are counted, one of them twice."""
    campaign = ledger.campaign()
    ledger.confirm(campaign, region="KR-11")
    ledger.confirm(campaign, "JP")
    ledger.confirm(campaign)
    office = ledger.confirm(campaign, kind=Kind.ORGANIZATION)
    ledger.confirm(campaign, "JP", kind=Kind.ORGANIZATION)
    ledger.move(campaign, Reason.INVALIDATED, office, kind=Kind.ORGANIZATION)
    ledger.move(campaign, Reason.REINSTATED, office, kind=Kind.ORGANIZATION)
    fold()
    return campaign


@pytest.mark.parametrize(("statement", "expected"), PLANTED.items(), ids=PLANTED)
def test_planted_drift_is_named_and_repaired(app, campaign, statement, expected):
    as_superuser(statement)

    drifts = recount()

    assert [drift.what for drift in drifts] == list(expected)
    assert all(drift.repaired and drift.campaign_id == campaign for drift in drifts)
    # An entry that says something else than was published is for `ledger verify` to find; nothing can repair that.
    ledger.check(log="SET kind" not in statement)
    assert recount() == []


def test_after_a_repair_the_fold_goes_on_where_it_should(app, campaign):
    as_superuser("DELETE FROM ledger_heads")
    as_superuser("DELETE FROM tallies")
    recount()

    ledger.confirm(campaign, "JP")
    fold()

    ledger.check()
    assert queries.count(campaign).people == 4


def test_a_ledger_in_order_is_left_alone(app, campaign):
    ledger.confirm(campaign)  # not folded yet: that is no drift
    before = [tuple(row) for row in ledger.entries()]

    assert recount() == []

    assert [tuple(row) for row in ledger.entries()] == before


def test_removed_entries_are_reported_and_the_numbers_of_the_others_stay(app, campaign):
    as_superuser("DELETE FROM ledger_entries WHERE number = 2")

    drifts = recount()

    gap = drifts[0]
    assert gap.what == "the numbers go up to 7, but there are 6 entries: some were removed"
    assert not gap.repaired
    assert [row.number for row in ledger.entries()] == [1, 3, 4, 5, 6, 7]
    assert [drift.what for drift in recount()] == [gap.what], "the gap stays, the rest is repaired"
