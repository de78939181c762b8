"""The fold numbers entries and moves tallies: all of it or nothing, and each entry once."""

from datetime import datetime

import pytest
from sqlalchemy import insert, select, text

from pledge.core.db import db, transaction
from pledge.core.i18n import SEOUL
from pledge.ledger import queries
from pledge.ledger.models import (
    Checkpoint,
    Dimension,
    Kind,
    LedgerEntry,
    LedgerHead,
    LogKey,
    LogTile,
    Reason,
    Tally,
)
from pledge.ledger.services import hour_of
from tests.support import crash, ledger
from tests.support.ledger import fold


def test_confirmations_and_withdrawals_become_the_count(app):
    campaign = ledger.campaign()
    first = ledger.confirm(campaign, region="KR-11")
    second = ledger.confirm(campaign, "JP")
    ledger.withdraw(campaign, first, region="KR-11", hours=1)

    assert fold() == 3

    assert queries.count(campaign).people == 1
    assert queries.breakdown(campaign, Dimension.COUNTRY) == {"KR": 0, "JP": 1}
    assert queries.breakdown(campaign, Dimension.HOUR) == {"2026-11-24T12": 2, "2026-11-24T13": -1}
    assert queries.number_of(second) == 2
    ledger.check()


def test_organizations_are_counted_apart_from_people(app):
    campaign = ledger.campaign()
    ledger.confirm(campaign, region="KR-11")
    office = ledger.confirm(campaign, region="KR-11", kind=Kind.ORGANIZATION)
    ledger.confirm(campaign, "JP", kind=Kind.ORGANIZATION)
    fold()
    ledger.move(campaign, Reason.INVALIDATED, office, region="KR-11", kind=Kind.ORGANIZATION)
    fold()

    count = queries.count(campaign)
    assert (count.people, count.organizations) == (1, 1)
    assert queries.breakdown(campaign, Dimension.REGION) == {"KR-11": 1}
    assert queries.breakdown(campaign, Dimension.REGION, Kind.ORGANIZATION) == {"KR-11": 0}
    assert [(row.number, row.kind, row.count_after) for row in ledger.entries()] == [
        (1, "person", 1),
        (2, "organization", 1),
        (3, "organization", 2),
        (4, "organization", 1),
    ]
    ledger.check()


def test_a_crash_at_every_statement_of_the_fold_leaves_nothing_behind(app):
    old, new = ledger.campaign("old"), ledger.campaign("new")
    ledger.confirm(old, region="KR-11")
    fold()
    for _ in range(3):
        ledger.confirm(old, region="KR-26")
        ledger.confirm(new, "JP")
    before = everything()

    crashes = 0
    while True:
        with crash.at_statement(crashes + 1):
            fold()
        if queries.lag() == 0:
            break
        crashes += 1
        assert everything() == before, f"after {crashes} statements"

    # The look, BEGIN or the lock, heads, numbers, tallies, heads, what lies behind, COMMIT; for each of two campaigns 8.
    assert crashes >= 8 + 2 * 8
    ledger.check()
    assert queries.count(old).people == 4
    assert queries.count(new).people == 3


def everything():
    """All that a fold writes."""
    with db.engine.connect() as connection:
        return [
            sorted(connection.execute(select(table.__table__)).all(), key=repr)
            for table in (LedgerEntry, LedgerHead, Tally, LogTile, Checkpoint, LogKey)
        ]


def test_a_limit_takes_the_oldest_entries_first(app):
    campaign = ledger.campaign()
    people = [ledger.confirm(campaign) for _ in range(5)]

    assert fold(limit=2) == 2

    assert [queries.number_of(person) for person in people] == [1, 2, None, None, None]
    assert [fold(limit=2), fold(limit=2), fold(limit=2)] == [2, 1, 0]
    assert [queries.number_of(person) for person in people] == [1, 2, 3, 4, 5]


def test_an_idle_fold_is_one_read_and_takes_no_write_lock(app, statements):
    campaign = ledger.campaign()
    ledger.confirm(campaign)
    fold()

    with transaction() as session:
        session.execute(text("UPDATE campaigns SET goal = goal"))
        with statements() as seen:
            assert fold() == 0

    assert len(seen) == 1, seen


def test_a_fold_costs_a_few_statements_for_each_campaign_that_moved_however_many_entries(app, statements):
    campaigns = [ledger.campaign(slug) for slug in ("one", "two", "three")]
    ledger.campaign("quiet")
    # The look before, on PostgreSQL the lock, what belongs to nothing, where the audit log ends, which campaigns are public, and
    # corrected places; and whom a −1 is about.
    own = 12 if db.engine.dialect.name == "postgresql" else 11

    for entries in (4, 40):
        for campaign in campaigns:
            for _ in range(entries):
                ledger.confirm(campaign)
        with statements() as seen:
            fold()
        # What is taken back, whether all would verify, entries, pledge texts, tiles, head, losses, the checkpoint before,
        # the new one; the first time the keys, later the tile that grows.
        assert len(seen) == own + 3 * 10, seen


@pytest.mark.sqlite_only
def test_a_fold_reads_few_tiles_in_a_large_log(app, statements):
    campaign = ledger.campaign()
    ledger.many(campaign, 1400)
    while fold():
        pass
    ledger.confirm(campaign)
    with statements() as seen:
        fold()
    tiles = [statement for statement in seen if "FROM log_tiles" in statement]
    assert len(tiles) == 2, "one for each level: the root and the proof need no more"


def test_the_count_reads_one_row_and_a_campaign_that_nobody_signed_counts_nobody(
    app, statements, frozen_clock
):
    campaign = ledger.campaign()

    with statements() as seen:
        count = queries.count(campaign)

    assert (count.people, count.organizations, count.as_of) == (0, 0, frozen_clock.now())
    assert len(seen) == 1, seen


def test_who_signs_again_gets_the_number_of_the_new_signature(app):
    campaign = ledger.campaign()
    person = ledger.confirm(campaign)
    for _ in range(3):
        ledger.confirm(campaign)
    ledger.withdraw(campaign, person)
    fold()
    assert queries.number_of(person) == 1, "the entry of the withdrawal stands for nobody"

    ledger.confirm(campaign, subject_id=person)

    assert queries.number_of(person) is None, "not folded yet"
    fold()
    assert queries.number_of(person) == 4


def test_the_lag_is_the_age_of_the_oldest_entry_that_waits(app, frozen_clock):
    frozen_clock.move(seconds=(ledger.NOON - frozen_clock.now()).total_seconds())
    campaign = ledger.campaign()
    assert queries.lag() == 0
    ledger.confirm(campaign)
    frozen_clock.move(minutes=2)
    ledger.confirm(campaign)

    assert queries.lag() == 120
    fold()
    assert queries.lag() == 0


def test_the_hour_of_an_entry_is_in_utc():
    assert hour_of(datetime(2026, 11, 24, 0, 30, tzinfo=SEOUL)) == "2026-11-23T15"


@pytest.mark.parametrize(
    "change",
    [
        {"hour": ""},
        {"hour": "2026-02-31T05"},
        {"hour": "2026-11-24T99"},
        {"hour": "2026-11-24T24"},
        {"hour": "9999-12-31T23"},  # in Korea it is no year of four digits
        {"reason": "withdrawn"},
        {"commitment": b"short"},
        {"subject_id": 7, "delta": -1, "commitment": None},  # confirmed, and takes back
    ],
)
def test_an_entry_without_the_form_of_one_is_set_aside_and_stops_nobody_from_being_counted(app, change):
    """Whoever has the web server's role can append it; signed into the log it would be refused by all who count again."""
    number = ledger.campaign("blue-skies")
    ledger.confirm(number, subject_id=7)
    fold()
    with transaction() as session:
        session.execute(insert(LedgerEntry).values(ledger.plus(number, **{"subject_id": 8, **change})))
    ledger.confirm(number)
    fold()
    assert queries.count(number).people == 2
    (aside,) = queries.set_aside(number)
    assert (aside.table, aside.why, aside.entries) == ("ledger_entries", "no_cause", 1)
    assert ledger.verify(number, "blue-skies").faults == []


def test_entries_without_the_form_of_one_make_no_room_for_others_in_a_batch(app):
    number = ledger.campaign("blue-skies")
    with transaction() as session:
        for person in (7, 8, 9):
            session.execute(insert(LedgerEntry).values(ledger.plus(number, subject_id=person, hour="")))
    ledger.confirm(number)
    assert fold(limit=1) == 4, "the three are set aside, however small the batch"
    assert queries.count(number).people == 1
    assert ledger.verify(number, "blue-skies").faults == []
