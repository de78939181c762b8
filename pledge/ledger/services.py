"""Appending to the ledger, and the fold: the one step that gives entries their numbers and moves the tallies."""

from datetime import UTC, datetime

from sqlalchemy import bindparam, exists, insert, select, text
from sqlalchemy.orm import Session

from pledge import clock
from pledge.db import UTCDateTime, reading, transaction
from pledge.ledger.models import Kind, LedgerEntry, Reason

#: One folder at a time: the key of its advisory lock, a number that nothing else in this database uses.
FOLD_LOCK = 0x706C6564

#: Entries taken in one transaction: large enough to be cheap for each, small enough that a SQLite writer waits
#: for a fraction of a second.
BATCH = 5000

_MAKE_HEADS = text("""
    INSERT INTO ledger_heads (campaign_id, size, people, organizations, folded_at)
    SELECT DISTINCT campaign_id, 0, 0, 0, :now
      FROM (SELECT campaign_id FROM ledger_entries WHERE number IS NULL ORDER BY id LIMIT :limit) AS waiting
     WHERE true
    ON CONFLICT (campaign_id) DO NOTHING
    """).bindparams(bindparam("now", type_=UTCDateTime()))

# An entry that became visible only now may belong to a campaign without a head: the join leaves it to the next fold.
_NUMBER = text("""
    UPDATE ledger_entries
       SET number = placed.number, count_after = placed.count
      FROM (SELECT waiting.id,
                   head.size + ROW_NUMBER() OVER (PARTITION BY waiting.campaign_id ORDER BY waiting.id) AS number,
                   CASE WHEN waiting.kind = 'person' THEN head.people ELSE head.organizations END
                   + SUM(waiting.delta) OVER (PARTITION BY waiting.campaign_id, waiting.kind ORDER BY waiting.id
                                              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS count
              FROM (SELECT id, campaign_id, kind, delta FROM ledger_entries
                     WHERE number IS NULL ORDER BY id LIMIT :limit) AS waiting
              JOIN ledger_heads AS head ON head.campaign_id = waiting.campaign_id
           ) AS placed
     WHERE ledger_entries.id = placed.id
    """)

# From here on the work is known by its numbers, which lie past the head. It must not be looked for by "not numbered"
# again: on PostgreSQL each statement sees what was committed before it began, so two look-ups can find different rows.
# The upper bound and the order of the join keep both planners on the index, however long the ledger is. So does the
# sorted list of heads, a fence that no planner looks behind: without it PostgreSQL read the whole ledger and looked up
# the head of each entry, until its statistics knew how few heads there are.
_FRESH = """
      FROM (SELECT campaign_id, size FROM ledger_heads ORDER BY campaign_id LIMIT 1000000) AS head
           CROSS JOIN ledger_entries AS entry
     WHERE entry.campaign_id = head.campaign_id
       AND entry.number > head.size AND entry.number <= head.size + :limit"""

_MOVE_TALLIES = text(f"""
    WITH fresh AS MATERIALIZED (
        SELECT entry.campaign_id, entry.kind, entry.country, entry.region, entry.hour, entry.delta {_FRESH})
    INSERT INTO tallies (campaign_id, kind, dimension, key, count)
    SELECT campaign_id, kind, dimension, key, SUM(delta)
      FROM (SELECT campaign_id, kind, 'total' AS dimension, '' AS key, delta FROM fresh
            UNION ALL SELECT campaign_id, kind, 'country', country, delta FROM fresh
            UNION ALL SELECT campaign_id, kind, 'region', region, delta FROM fresh WHERE region IS NOT NULL
            UNION ALL SELECT campaign_id, kind, 'hour', hour, delta FROM fresh) AS moved
     WHERE true
     GROUP BY campaign_id, kind, dimension, key
    ON CONFLICT (campaign_id, kind, dimension, key) DO UPDATE SET count = tallies.count + excluded.count
    """)  # noqa: S608  # built from a constant of this module

_MOVE_HEADS = text(f"""
    UPDATE ledger_heads
       SET size = ledger_heads.size + fresh.entries, people = ledger_heads.people + fresh.people,
           organizations = ledger_heads.organizations + fresh.organizations, folded_at = :now
      FROM (SELECT head.campaign_id, COUNT(*) AS entries,
                   SUM(CASE WHEN entry.kind = 'person' THEN entry.delta ELSE 0 END) AS people,
                   SUM(CASE WHEN entry.kind = 'organization' THEN entry.delta ELSE 0 END) AS organizations {_FRESH}
             GROUP BY head.campaign_id) AS fresh
     WHERE ledger_heads.campaign_id = fresh.campaign_id
    """).bindparams(bindparam("now", type_=UTCDateTime()))  # noqa: S608  # built from constants of this project


def append(
    session: Session,
    *,
    campaign_id: int,
    kind: Kind = Kind.PERSON,
    delta: int,
    reason: Reason,
    subject_id: int,
    country: str,
    region: str | None,
    at: datetime,
) -> None:
    """Add one entry in the caller's transaction, so that it and its cause are recorded together or not at all."""
    session.execute(
        insert(LedgerEntry).values(
            campaign_id=campaign_id,
            kind=kind,
            delta=delta,
            reason=reason,
            subject_id=subject_id,
            country=country,
            region=region,
            hour=hour_of(at),
            occurred_at=at,
        )
    )


def hour_of(at: datetime) -> str:
    """The hour of a moment as the tallies name it: `2026-11-24T05`, UTC."""
    return at.astimezone(UTC).isoformat(timespec="hours")[:13]


def fold(limit: int = BATCH) -> int:
    """Number the oldest waiting entries and move what follows from them; how many entries that were.

    All of it is one transaction: whoever is killed in the middle leaves nothing, and the next fold does it again.
    0 means that nothing waits or that somebody else is folding; `limit` means that more may wait.
    """
    if not _anything_waits():
        return 0
    with transaction() as session:
        if not _take_lock(session):
            return 0
        batch = {"limit": limit, "now": clock.now()}
        session.execute(_MAKE_HEADS, batch)
        folded: int = session.execute(_NUMBER, batch).rowcount  # type: ignore[attr-defined]
        session.execute(_MOVE_TALLIES, batch)
        # What else is to follow the ledger entry by entry (a log of hashes) belongs here, over the same fresh entries.
        session.execute(_MOVE_HEADS, batch)
        return folded


def _anything_waits() -> bool:
    """A look that takes no write lock: most of the time a folder has nothing to do."""
    with reading() as connection:
        return bool(connection.execute(select(exists().where(LedgerEntry.number.is_(None)))).scalar_one())


def _take_lock(session: Session) -> bool:
    """Become the only folder until the transaction ends; on SQLite its BEGIN IMMEDIATE has done that."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    # PostgreSQL's planner takes a batch for a large part of the table and would read all of it, slower every day, after
    # compiling the statement for a tenth of a second.
    taken = text("""
        SELECT pg_try_advisory_xact_lock(:key), set_config('enable_seqscan', 'off', true),
               set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
               set_config('jit', 'off', true)""")
    return bool(session.execute(taken, {"key": FOLD_LOCK}).scalar_one())


def wait_for_lock(session: Session) -> None:
    """As _take_lock, but wait for whoever folds now; for work over the whole ledger, however long that takes."""
    if session.get_bind().dialect.name == "sqlite":
        return
    limits = "SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '0', true)"
    session.execute(text(limits))
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FOLD_LOCK})
