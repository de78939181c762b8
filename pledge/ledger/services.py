"""Appending to the ledger, and the fold: the one step that numbers entries, moves the tallies and extends the public log."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import TextClause, bindparam, exists, insert, or_, select, text, update
from sqlalchemy.orm import Session

from pledge import clock
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.db import UTCDateTime, reading, transaction
from pledge.ledger import log
from pledge.ledger.locks import take_lock
from pledge.ledger.models import Kind, LedgerEntry, LedgerHead, Reason, SetAside

#: Entries taken in one transaction: large enough to be cheap for each, small enough that a SQLite writer waits
#: for a fraction of a second.
BATCH = 5000

#: What the packages above say of their subjects: for each kind an SQL expression over an entry by the name of `entry`. It is
#: NULL when the subject is not counted now, 1 when this very +1 is what counts it, and 0 otherwise.
Standing = Mapping[Kind, str]

_WAITS = "number IS NULL AND set_aside IS NULL"

_MAKE_HEADS = text(f"""
    INSERT INTO ledger_heads (campaign_id, size, people, organizations, folded_at)
    SELECT DISTINCT campaign_id, 0, 0, 0, :now
      FROM (SELECT campaign_id FROM ledger_entries WHERE {_WAITS} ORDER BY id LIMIT :limit) AS waiting
     WHERE true
    ON CONFLICT (campaign_id) DO NOTHING
    """).bindparams(bindparam("now", type_=UTCDateTime()))  # noqa: S608  # built from constants of this module

# The one rule of what is counted (docs/adr/0070), over all that waits for the subjects of the batch, also past its end. It is
# one statement, so that entries, signatures and wall are seen at one moment: a use case changes them in one transaction.
#
#   +1 has a cause if it is what counts its subject now (`stands`), or if a -1 with a cause takes it back later.
#   -1 has a cause if its subject is not counted now, or if a +1 that stands comes later (`last_stands`).
#   Of those with a cause, each must move its subject: a +1 one that is not counted there, a -1 one that is.
#
# Whatever else waits is set aside. By the rule, what a subject adds up to in a place is at the end 1 if it stands there and 0
# otherwise, whoever wrote the entries. The plus keeps both planners on the index of subjects, and the join leaves an entry
# of a campaign without a head, as it became visible only now, to the next fold.
_NUMBER = """
    UPDATE ledger_entries SET number = placed.number, count_after = placed.count, set_aside = placed.set_aside
      FROM (
        WITH batch AS MATERIALIZED (
            SELECT id, campaign_id, kind, subject_id FROM ledger_entries WHERE {waits} ORDER BY id LIMIT :limit),
        waiting AS MATERIALIZED (
            SELECT entry.id, entry.campaign_id, entry.kind, entry.subject_id, entry.delta, {place} AS place,
                   CASE entry.kind {stands} END AS stands
              FROM (SELECT DISTINCT campaign_id, kind, subject_id FROM batch) AS subject CROSS JOIN ledger_entries AS entry
             WHERE entry.subject_id = subject.subject_id AND +entry.campaign_id = subject.campaign_id
               AND entry.kind = subject.kind AND +entry.number IS NULL AND entry.set_aside IS NULL),
        seen AS (
            SELECT waiting.*,
                   MAX(CASE WHEN delta = 1 AND stands = 1 THEN id END)
                       OVER (PARTITION BY subject_id, campaign_id, kind) AS last_stands
              FROM waiting),
        taken AS (
            SELECT seen.*,
                   MAX(CASE WHEN delta = -1 AND (stands IS NULL OR id < last_stands) THEN id END)
                       OVER (PARTITION BY subject_id, campaign_id, kind, place) AS last_taken
              FROM seen),
        caused AS (
            SELECT taken.*,
                   CASE WHEN delta = 1 AND (stands = 1 OR id < last_taken) THEN 1
                        WHEN delta = -1 AND (stands IS NULL OR id < last_stands) THEN 1 ELSE 0 END AS has_cause
              FROM taken),
        moving AS (
            SELECT caused.*,
                   CASE WHEN has_cause = 0 THEN 0
                        WHEN delta = COALESCE(
                             LAG(delta) OVER (PARTITION BY subject_id, campaign_id, kind, place, has_cause ORDER BY id),
                             (SELECT CASE WHEN SUM(earlier.delta) > 0 THEN 1 ELSE -1 END FROM ledger_entries AS earlier
                               WHERE earlier.subject_id = caused.subject_id AND +earlier.campaign_id = caused.campaign_id
                                 AND earlier.kind = caused.kind AND {earlier_place} = caused.place
                                 AND +earlier.number IS NOT NULL)) THEN 0
                        ELSE 1 END AS moves
              FROM caused)
        SELECT moving.id,
               CASE WHEN moves = 1 THEN
               head.size + SUM(moves) OVER (PARTITION BY moving.campaign_id ORDER BY moving.id) END AS number,
               CASE WHEN moves = 1 THEN
               CASE WHEN moving.kind = 'person' THEN head.people ELSE head.organizations END
               + SUM(moves * delta) OVER (PARTITION BY moving.campaign_id, moving.kind ORDER BY moving.id) END AS count,
               CASE WHEN moves = 1 THEN NULL WHEN has_cause = 1 THEN 'no_move' ELSE 'no_cause' END AS set_aside
          FROM moving JOIN ledger_heads AS head ON head.campaign_id = moving.campaign_id
         WHERE moving.id <= (SELECT MAX(id) FROM batch)) AS placed
     WHERE ledger_entries.id = placed.id"""

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
    pledge_text_id: int,
    commitment: bytes | None = None,
) -> None:
    """Add one entry in the caller's transaction, so that it and its cause are recorded together or not at all.

    `pledge_text_id`: what was signed; `commitment`: for a +1, what the public log says of the subject (leaves.py).
    """
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
            pledge_text_id=pledge_text_id,
            commitment=commitment,
        )
    )


def hour_of(at: datetime) -> str:
    """The hour of a moment as the tallies name it: `2026-11-24T05`, UTC."""
    return at.astimezone(UTC).isoformat(timespec="hours")[:13]


def fold(standing: Standing, limit: int = BATCH) -> int:
    """Number the oldest waiting entries and move what follows from them; how many entries that were.

    An entry without a cause in `standing`, or that moves nothing, is set aside: it keeps no other waiting. All of it is one transaction: whoever is killed in the middle leaves nothing, and the next fold does it again. A log
    that lies behind its numbers, as after a migration, catches up in the same steps. 0 means that nothing waits or that
    somebody else is folding; `limit` means that more may wait. Raises log.NoLogKey, and log.Inconsistent when what is
    stored of a log does not continue what was published of it: then nothing moves at all.
    """
    if not _anything_waits():
        return 0
    with transaction() as session:
        if not take_lock(session):
            return 0
        batch = {"limit": limit, "now": clock.now()}
        session.execute(_MAKE_HEADS, batch)
        folded: int = session.execute(_numbering(tuple(standing.items())), batch).rowcount  # type: ignore[attr-defined]
        session.execute(_MOVE_TALLIES, batch)
        session.execute(_MOVE_HEADS, batch)
        return max(folded, log.extend(session, limit))


def dismiss(actor: Actor, campaign_id: int, slug: str, why: str) -> int:
    """Somebody has looked into what is set aside in a campaign: it is no longer named; how many entries. They stay."""
    with transaction() as session:
        statement = (
            update(LedgerEntry)
            .where(
                LedgerEntry.campaign_id == campaign_id,
                LedgerEntry.set_aside.in_((SetAside.NO_CAUSE, SetAside.NO_MOVE)),
            )
            .values(set_aside=SetAside.DISMISSED)
            .returning(LedgerEntry.id)
        )
        entries = len(session.execute(statement).all())
        if entries:
            record(session, actor, "ledger.dismiss", f"campaign:{slug}", reason=why, entries=entries)
        return entries


@lru_cache(maxsize=8)
def _numbering(standing: tuple[tuple[Kind, str], ...]) -> TextClause:
    stands = " ".join(f"WHEN '{kind}' THEN ({expression})" for kind, expression in standing)
    places = {"place": log.PLACE.format("entry"), "earlier_place": log.PLACE.format("earlier")}
    return text(_NUMBER.format(waits=_WAITS, stands=stands, **places))


def _anything_waits() -> bool:
    """A look that takes no write lock: most of the time a folder has nothing to do."""
    with reading() as connection:
        waits = exists().where(LedgerEntry.waits())
        lags = exists().where(LedgerHead.log_size < LedgerHead.size)
        return bool(connection.execute(select(or_(waits, lags))).scalar_one())
