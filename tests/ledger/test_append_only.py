"""Nothing that was counted or published can be changed or removed: the database itself refuses, on both, and says where."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pledge.campaigns.queries import published_slugs
from pledge.core.db import db, transaction
from pledge.diagnosis import Severity
from pledge.diagnosis.database import guard_findings
from pledge.ledger import log
from pledge.ledger.models import Kind
from pledge.ledger.services import Place, PlaceMove, append_places
from tests.support import ledger
from tests.support.insider import as_superuser
from tests.support.ledger import fold, recount

SLUG = "blue-skies"
TABLES = ("ledger_entries", "ledger_places", "checkpoints", "log_keys", "log_tiles", "statements")

#: Each names the table that refuses.
FORBIDDEN = [
    """INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, hour, occurred_at, pledge_text_id,
                                   commitment, number)
       SELECT campaign_id, kind, delta, reason, 7, country, hour, occurred_at, pledge_text_id, commitment, 77
         FROM ledger_entries WHERE number = 1""",
    """INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, hour, occurred_at, pledge_text_id,
                                   takes_back)
       SELECT campaign_id, kind, -1, 'withdrawn', subject_id, country, hour, occurred_at, pledge_text_id, 0
         FROM ledger_entries WHERE number = 1""",
    """INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, hour, occurred_at, pledge_text_id,
                                   set_aside)
       SELECT campaign_id, kind, -1, 'withdrawn', subject_id, country, hour, occurred_at, pledge_text_id, 'no_cause'
         FROM ledger_entries WHERE number = 1""",
    "UPDATE ledger_entries SET set_aside = NULL WHERE set_aside IS NOT NULL",
    "UPDATE ledger_entries SET set_aside = 'no_cause' WHERE set_aside IS NOT NULL",
    "DELETE FROM ledger_entries WHERE set_aside IS NOT NULL",
    "DELETE FROM ledger_entries",
    "DELETE FROM ledger_entries WHERE number = 2",
    "DELETE FROM ledger_entries WHERE number IS NULL",
    "UPDATE ledger_entries SET delta = -delta",
    "UPDATE ledger_entries SET delta = -1, commitment = NULL WHERE number = 1",
    "UPDATE ledger_entries SET kind = 'organization' WHERE number = 1",
    "UPDATE ledger_entries SET reason = 'reinstated' WHERE number = 1",
    "UPDATE ledger_entries SET subject_id = 5",
    "UPDATE ledger_entries SET country = 'JP'",
    "UPDATE ledger_entries SET region = NULL",
    "UPDATE ledger_entries SET hour = '2026-01-01T00'",
    "UPDATE ledger_entries SET occurred_at = '2026-01-01 00:00:00'",
    "UPDATE ledger_entries SET pledge_text_id = pledge_text_id + 1",
    "UPDATE ledger_entries SET commitment = (SELECT root FROM checkpoints LIMIT 1) WHERE delta = 1",
    "UPDATE ledger_entries SET campaign_id = campaign_id + 1",
    "UPDATE ledger_entries SET id = id + 1000",
    "UPDATE ledger_entries SET country = 'JP' WHERE number IS NULL",
    "UPDATE ledger_entries SET number = 99 WHERE number = 1",
    "UPDATE ledger_entries SET number = NULL WHERE number = 3",
    "UPDATE ledger_entries SET takes_back = 0 WHERE delta = -1",
    "UPDATE ledger_entries SET takes_back = NULL WHERE delta = -1",
    "UPDATE ledger_entries SET count_after = NULL WHERE number = 3",
    """INSERT INTO ledger_places (campaign_id, subject_id, delta, country, occurred_at, size)
       SELECT campaign_id, subject_id, delta, country, occurred_at, 1 FROM ledger_places""",
    "UPDATE ledger_places SET country = 'JP'",
    "UPDATE ledger_places SET region = 'KR-50' WHERE size IS NULL",
    "UPDATE ledger_places SET delta = -delta",
    "UPDATE ledger_places SET subject_id = 5",
    "UPDATE ledger_places SET size = size + 1 WHERE size IS NOT NULL",
    "UPDATE ledger_places SET size = NULL WHERE size IS NOT NULL",
    "DELETE FROM ledger_places",
    'UPDATE statements SET words = \'{"ko": "예"}\'',
    "UPDATE statements SET said_at = '2026-01-01 00:00:00'",
    "DELETE FROM statements",
    "UPDATE checkpoints SET people = people + 1",
    "UPDATE checkpoints SET note = ''",
    "DELETE FROM checkpoints",
    "UPDATE log_keys SET verifier = 'another'",
    "DELETE FROM log_keys",
    "DELETE FROM log_tiles",
    "UPDATE log_tiles SET hashes = (SELECT root FROM checkpoints ORDER BY id DESC LIMIT 1)",
    "UPDATE log_tiles SET tile = tile + 1",
    "UPDATE log_tiles SET level = 7",
]

#: SQLite removes a row that stands in the way without asking a trigger for DELETE, and knows the key by other names.
FORBIDDEN_ON_SQLITE = [
    "INSERT OR REPLACE INTO ledger_entries SELECT * FROM ledger_entries WHERE number = 1",
    """INSERT OR REPLACE INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, hour, occurred_at,
                                              pledge_text_id, takes_back, number)
       SELECT campaign_id, kind, -1, 'withdrawn', 7, country, hour, occurred_at, pledge_text_id, 0, number
         FROM ledger_entries WHERE number = 1""",
    "UPDATE OR REPLACE ledger_entries SET number = 1 WHERE number IS NULL",
    "UPDATE OR REPLACE ledger_entries SET number = 1 WHERE number = 2",
    "UPDATE OR REPLACE ledger_entries SET rowid = 1 WHERE number = 2",
    "UPDATE ledger_entries SET _rowid_ = 777 WHERE number = 2",
    "INSERT OR REPLACE INTO checkpoints SELECT id, campaign_id, size, root, 9, 9, note, signed_at FROM checkpoints",
    "UPDATE OR REPLACE checkpoints SET id = 1",
    "INSERT OR REPLACE INTO statements SELECT id, campaign_id, kind, 7, words, sha256, said_at FROM statements",
    """INSERT OR REPLACE INTO log_tiles (campaign_id, level, tile, hashes)
       SELECT campaign_id, level, tile, zeroblob(length(hashes)) FROM log_tiles""",
    """INSERT OR REPLACE INTO log_tiles (campaign_id, level, tile, hashes)
       SELECT campaign_id, level, tile, substr(hashes, 1, 32) FROM log_tiles""",
]

FORBIDDEN_ON_POSTGRESQL = [
    "TRUNCATE ledger_entries",
    "TRUNCATE ledger_places",
    "TRUNCATE checkpoints CASCADE",
    "TRUNCATE statements",
    "TRUNCATE log_keys",
    "TRUNCATE log_tiles",
    "UPDATE ledger_entries SET delta = delta WHERE id = -1",
    """INSERT INTO log_tiles SELECT campaign_id, level, tile, 'x' FROM log_tiles
       ON CONFLICT (campaign_id, level, tile) DO UPDATE SET hashes = excluded.hashes""",
    """INSERT INTO checkpoints OVERRIDING SYSTEM VALUE SELECT * FROM checkpoints
       ON CONFLICT (id) DO UPDATE SET people = 9""",
]


@pytest.fixture
def campaign(app):
    """Three people and an organisation are counted, an answer is stated, one of the people withdrew, one -1 is set aside, and one +1
    waits; two places were put right, of which one waits."""
    number = ledger.campaign(SLUG)
    first = ledger.confirm(number, region="KR-11")
    put_right(number, first, "KR-11", "KR-26")
    second = ledger.confirm(number, region="KR-26")
    ledger.confirm(number, kind=Kind.ORGANIZATION)
    fold()
    ledger.withdraw(number, second, region="KR-26")
    ledger.withdraw(number, second, region="KR-26")
    ledger.state(number)
    fold()
    ledger.confirm(number, region="KR-11")
    put_right(number, first, "KR-26", "KR-41")
    return number


def put_right(campaign_id: int, subject_id: int, *regions: str) -> None:
    before, after = (Place("KR", region) for region in regions)
    with transaction() as session:
        append_places(session, [PlaceMove(campaign_id, subject_id, before, after)], ledger.NOON)


def run(statement: str) -> int:
    with db.engine.begin() as connection:
        return connection.execute(text(statement)).rowcount


def everything() -> list[object]:
    with db.engine.connect() as connection:
        return [
            sorted(connection.execute(text(f"SELECT * FROM {table}")).all(), key=repr) for table in TABLES
        ]


def is_refused(statement: str) -> None:
    before = everything()
    table = re.search("|".join(TABLES), statement)[0]
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        run(statement)
    assert everything() == before


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_nothing_is_changed_or_removed(campaign, statement):
    is_refused(statement)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("statement", FORBIDDEN_ON_SQLITE)
def test_the_ways_of_sqlite_to_replace_a_row_are_refused(campaign, statement):
    is_refused(statement)


@pytest.mark.sqlite_only
def test_a_key_that_is_published_is_not_replaced(campaign):
    before = everything()
    run("INSERT OR REPLACE INTO log_keys SELECT campaign_id, verifier, '2001-01-01' FROM log_keys")
    assert everything() == before


@pytest.mark.postgresql_only
@pytest.mark.parametrize("statement", FORBIDDEN_ON_POSTGRESQL)
def test_nothing_is_truncated_or_changed_by_an_upsert(campaign, statement):
    is_refused(statement)


def test_the_fold_and_the_recount_do_all_their_work(campaign):
    assert fold() == 2  # one entry, and both sides of a place that was put right
    assert run("UPDATE ledger_entries SET count_after = 7 WHERE number = 1") == 1, (
        "a sum, not what was counted"
    )
    assert [(drift.what, drift.repaired) for drift in recount()] == [
        ("count_after was wrong in 1 of the entries", True)
    ]
    with ledger.settings(base_url="https://sky.example"):
        assert log.sign_missing_checkpoints(published_slugs) == 1
        ledger.confirm(campaign)
        assert fold() == 1
        ledger.check()


def test_the_fold_makes_a_tile_longer(campaign):
    hashes = everything()[4]
    fold()
    (before,), (after,) = hashes, everything()[4]
    assert bytes(after[3])[: len(before[3])] == bytes(before[3])
    assert len(after[3]) == len(before[3]) + 32


def test_a_head_that_was_lost_while_the_log_catches_up_is_made_anew_and_the_log_goes_on(app):
    number = ledger.campaign(SLUG)
    ledger.many(number, 300)
    fold()
    as_superuser("DELETE FROM log_tiles", "DELETE FROM checkpoints", "UPDATE ledger_heads SET log_size = 0")
    assert fold(limit=270) == 270
    as_superuser("DELETE FROM ledger_heads")
    assert [drift.repaired for drift in recount()] == [True]
    assert fold(limit=20) == 20, "it begins where the tiles end: none of them is written anew, and shorter"
    assert fold() == 10
    ledger.check()


# --- What the doctor says when they are gone ---


def findings(app):
    return [
        (finding.level, finding.text)
        for finding in guard_findings(app.extensions["pledge.config"])
        if finding.level is Severity.PROBLEM
    ]


@pytest.mark.parametrize("table", ["audit_entries", *TABLES])
def test_the_doctor_names_the_guards_that_are_gone(app, table):
    away, back = ([f"ALTER TABLE {table} {verb} TRIGGER ALL"] for verb in ("DISABLE", "ENABLE"))
    if db.engine.dialect.name == "sqlite":
        guards = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
        with db.engine.connect() as connection:
            names, back = zip(*connection.execute(guards, {"table": table}).all(), strict=True)
        away = [f"DROP TRIGGER {name}" for name in names]
    assert findings(app) == []
    for statement in away:
        run(statement)
    try:
        ((level, problem),) = findings(app)
        assert (level, f"{table}_" in problem) == (Severity.PROBLEM, True)
    finally:
        for statement in back:
            run(statement)
