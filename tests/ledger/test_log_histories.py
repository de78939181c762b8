"""A log that is behind, long or tampered with: it catches up, finds what it needs, and never signs a second history."""

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from pledge.campaigns.queries import pledge_hashes, published_slugs
from pledge.core.db import db
from pledge.ledger import log, log_queries, numbering, queries
from pledge.ledger.log import LogInconsistent
from pledge.ledger.models import LedgerEntry
from tests.support import ledger
from tests.support.insider import as_superuser, guards_away
from tests.support.ledger import fold
from tests.support.published_log import check_continues, checkpoints, fall_behind, notes_of

SLUG = "blue-skies"


# --- Catching up after a migration ---


def test_a_log_catches_up_with_a_count_that_was_there_before_it(app):
    campaign = ledger.campaign(SLUG)
    people = [ledger.confirm(campaign) for _ in range(10)]
    ledger.withdraw(campaign, people[3])
    fold()
    wanted = log_queries.newest(campaign)
    fall_behind(campaign)

    assert fold(limit=4) == 4
    assert log_queries.newest(campaign) is None, "nothing is signed that the count does not equal"
    assert (queries.count(campaign).people, queries.count(campaign).log_size) == (9, None)
    assert log.sign_missing_checkpoints(published_slugs) == 0
    ledger.confirm(campaign)
    assert [fold(limit=4), fold(limit=4), fold(limit=4)] == [4, 4, 0]

    ledger.check()
    assert [checkpoint.size for checkpoint in checkpoints(campaign)] == [12]
    check_continues(campaign, wanted)


# --- At any length ---


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "statement", [numbering.NAME_WHAT_IS_TAKEN_BACK, numbering.FIRST_INVALID], ids=["name", "look"]
)
def test_what_came_before_is_found_by_its_subject_and_not_by_reading_all_of_it(app, statement):
    plan = text(f"EXPLAIN QUERY PLAN {statement.text}")
    with db.engine.connect() as connection:
        steps = [row.detail for row in connection.execute(plan, {"campaign_id": 1, "after": 0, "upto": 9})]
    before = [step for step in steps if "earlier" in step]
    assert before
    assert all("ix_ledger_entries_subject (subject_id=?)" in step for step in before), steps


@pytest.mark.sqlite_only
def test_the_entry_of_a_receipt_is_found_by_its_subject_and_not_by_reading_the_log(app, statements):
    campaign = ledger.campaign(SLUG)
    person = ledger.confirm(campaign)
    fold()
    with statements() as seen:
        assert log_queries.inclusion_of(campaign, person, pledge_hashes).index == 0
    (look,) = [statement for statement in seen if "subject_id" in statement]
    with db.engine.connect() as connection:
        steps = [
            row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}", (1,) * look.count("?"))
        ]
    assert any("ix_ledger_entries_subject (subject_id=?)" in step for step in steps), steps


# --- Never two histories ---


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_tiles SET hashes = (SELECT root FROM checkpoints ORDER BY id DESC LIMIT 1)",
        "DELETE FROM log_tiles",
        "UPDATE checkpoints SET root = (SELECT root FROM checkpoints WHERE size = 1) WHERE size = 3",
        "UPDATE checkpoints SET size = 9 WHERE size = 3",
    ],
)
def test_nothing_is_signed_that_does_not_continue_what_was_published(app, statement):
    campaign = ledger.campaign(SLUG)
    ledger.confirm(campaign)
    fold()
    ledger.confirm(campaign)
    ledger.confirm(campaign)
    fold()
    as_superuser(statement)
    ledger.confirm(campaign)
    with pytest.raises(LogInconsistent, match=SLUG):
        fold()
    assert len(checkpoints(campaign)) == 2
    assert queries.count(campaign).people == 3, "nor is it counted: the count is that of the log"
    with ledger.settings(base_url="https://sky.example"), pytest.raises(LogInconsistent):
        log.sign_missing_checkpoints(published_slugs) if "log_tiles" not in statement else fold()


def test_a_missing_entry_stops_the_log_rather_than_shift_what_follows(app):
    campaign = ledger.campaign(SLUG)
    for _ in range(4):
        ledger.confirm(campaign)
    fold()
    fall_behind(campaign)
    as_superuser("DELETE FROM ledger_entries WHERE number = 2")
    with pytest.raises(LogInconsistent, match="missing"):
        fold()


def put_in(campaign, subject_id, **changes):
    """An entry as whoever can write the table might add it: INSERT is free, as confirming needs it."""
    with db.engine.begin() as connection:
        connection.execute(insert(LedgerEntry).values(minus(campaign, subject_id, **changes)))


def minus(campaign, subject_id, **changes):
    changes = {"delta": -1, "reason": "withdrawn", "commitment": None, **changes}
    return ledger.plus(campaign, subject_id=subject_id, **changes)


PLUS = {"delta": 1, "reason": "confirmed", "commitment": bytes(32)}
NOTHING = "takes back nothing that stands"


@pytest.mark.parametrize(
    ("entry", "why", "reason"),
    [
        (lambda here, left, other: (4711, {}), "no_move", NOTHING),
        (lambda here, left, other: (left, {}), "no_move", NOTHING),
        (lambda here, left, other: (here, {"kind": "organization"}), "no_move", NOTHING),
        (lambda here, left, other: (other, {}), "no_move", NOTHING),
        (lambda here, left, other: (here, {"takes_back": 1}), None, NOTHING),
        (lambda here, left, other: (4711, {"takes_back": 0}), None, NOTHING),
        (lambda here, left, other: (here, {"takes_back": 77}), None, NOTHING),
        (lambda here, left, other: (4711, {**PLUS, "takes_back": 0}), None, "adds one and says that it takes one back"),
        (lambda here, left, other: (here, PLUS), "no_move", "counts what an earlier entry counts already"),
    ],
    ids=[
        *("nobody's", "a second time", "of the other kind", "of another campaign", "somebody else's"),
        *("somebody else's for nobody", "what is not there", "a plus one", "counted twice"),
    ],
)  # fmt: skip
def test_what_would_not_verify_is_not_signed(app, entry, why, reason):
    campaign, other = ledger.campaign(SLUG), ledger.campaign("other")
    here, left = ledger.confirm(campaign), ledger.confirm(campaign)
    ledger.withdraw(campaign, left)
    elsewhere = ledger.confirm(other)
    fold()
    before = notes_of(campaign)
    subject_id, values = entry(here, left, elsewhere)
    if why is None:
        with pytest.raises(DBAPIError, match="ledger_entries is append-only"):
            put_in(campaign, subject_id, **values)
    else:
        put_in(campaign, subject_id, **values)
        ledger.confirm(campaign)
        assert fold() == 2
        assert [row.set_aside for row in ledger.entries() if row.number is None] == [why]
        assert queries.count(campaign).people == 2, "it keeps nobody else waiting"
        ledger.check()
        return

    # Whoever can step past the guards has it numbered: the fold looks once more before it signs.
    with guards_away() as connection:
        connection.execute(insert(LedgerEntry).values(minus(campaign, subject_id, number=4, **values)))
    as_superuser(f"UPDATE ledger_heads SET size = 4 WHERE campaign_id = {campaign}")
    with pytest.raises(LogInconsistent, match=f"{SLUG}: entry 3: {reason}"):
        fold()
    assert notes_of(campaign) == before


def test_of_two_that_take_back_the_same_in_one_fold_one_is_set_aside(app):
    campaign = ledger.campaign(SLUG)
    subject = ledger.confirm(campaign)
    ledger.withdraw(campaign, subject)
    ledger.withdraw(campaign, subject)
    assert fold() == 3
    assert [(row.number, row.set_aside) for row in ledger.entries()] == [
        (1, None),
        (2, None),
        (None, "no_move"),
    ]
    assert queries.set_aside_counts() == {campaign: 1}
    assert fold() == 0, "it is not looked at again"
    ledger.check()
