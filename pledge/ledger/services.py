"""Appending to the ledger, and the fold, which numbers entries, moves the tallies and extends the public log."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, insert, or_, select, text, update
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock, languages
from pledge.core.db import fetch, insert_into, transaction
from pledge.core.db.types import UTCDateTime
from pledge.core.languages import Texts
from pledge.ledger import log
from pledge.ledger.counting import TALLY_ROWS
from pledge.ledger.memory import Head, accepted_losses, find_loss, remembering
from pledge.ledger.models import (
    Dimension,
    Kind,
    LedgerDifference,
    LedgerEntry,
    LedgerHead,
    LedgerPlace,
    LogLoss,
    Reason,
    SetAside,
    Statement,
    StatementKind,
)
from pledge.ledger.numbering import WAITS, FoldSources, number_waiting, take_lock, wait_for_lock
from pledge.ledger.tiles import Tiles

#: Entries taken in one transaction: large enough to be cheap for each, small enough that a SQLite writer waits
#: for a fraction of a second.
BATCH = 5000

# What belongs to no campaign, or to no pledge text of it, could neither be counted nor be written into a log. What does not
# have the form of an entry would be signed and then be refused by everybody who counts the log again (docs/log.md).
# Only the subjects of the next batch are looked at, however much waits: the fold numbers nothing else.
_SET_MALFORMED_ASIDE = f"""
    UPDATE ledger_entries SET set_aside = '{SetAside.NO_CAUSE}'
     WHERE {WAITS} AND subject_id IN (SELECT subject_id FROM ledger_entries WHERE {WAITS} ORDER BY id LIMIT :limit)
       AND NOT (EXISTS ({{known}})
       AND {{has_hour}} AND SUBSTR(hour, 1, 4) BETWEEN '2000' AND '2999'
       AND (delta > 0) = (reason IN ('confirmed', 'reinstated'))
       AND (commitment IS NULL OR LENGTH(commitment) = 32) AND (record IS NULL OR LENGTH(record) = 32))"""  # noqa: S608  # only constants are put into the text

#: Whether the day of an hour is one that the calendar has, and the hour one of its 24.
_HAS_HOUR = {
    "sqlite": """
        COALESCE(STRFTIME('%Y-%m-%d', SUBSTR(hour, 1, 10)) = SUBSTR(hour, 1, 10), 0)
        AND SUBSTR(hour, 11) GLOB 'T[0-2][0-9]' AND SUBSTR(hour, 12) < '24'""",
    "postgresql": """
        CASE WHEN hour ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])$'
             THEN TO_CHAR(CAST(SUBSTR(hour, 1, 7) || '-01' AS date) + CAST(SUBSTR(hour, 9, 2) AS int) - 1, 'YYYY-MM-DD')
                  = SUBSTR(hour, 1, 10)
             ELSE false END""",
}

_MAKE_HEADS = text(f"""
    INSERT INTO ledger_heads (campaign_id, size, people, organizations, folded_at)
    SELECT DISTINCT campaign_id, 0, 0, 0, :now
      FROM (SELECT campaign_id FROM ledger_entries WHERE {WAITS} ORDER BY id LIMIT :limit) AS waiting
     WHERE true
    ON CONFLICT (campaign_id) DO NOTHING
    """).bindparams(bindparam("now", type_=UTCDateTime()))  # noqa: S608  # only constants are put into the text; values are bound

# From here on the work is identified by its numbers, which are past the head. It must not be selected by "not numbered"
# again: on PostgreSQL each statement sees what was committed before it began, so two look-ups can find different rows.
# The upper bound and the order of the join keep both planners on the index, however long the ledger is. So does the
# sorted list of heads, an optimisation fence: without it PostgreSQL read the whole ledger and looked up
# the head of each entry, until its statistics knew how few heads there are.
_FRESH = """
      FROM (SELECT campaign_id, size FROM ledger_heads ORDER BY campaign_id LIMIT 1000000) AS head
           CROSS JOIN ledger_entries AS entry
     WHERE entry.campaign_id = head.campaign_id
       AND entry.number > head.size AND entry.number <= head.size + :limit"""

_MOVE_TALLIES = text(f"""
    WITH moved AS MATERIALIZED (
        SELECT entry.campaign_id, entry.kind, entry.country, entry.region, entry.hour, entry.delta {_FRESH}
           AND entry.kind <> '{Kind.STATEMENT}')
    INSERT INTO tallies (campaign_id, kind, dimension, key, count)
    SELECT campaign_id, kind, dimension, key, SUM(delta)
      FROM ({TALLY_ROWS}) AS tally_rows
     WHERE true
     GROUP BY campaign_id, kind, dimension, key
    ON CONFLICT (campaign_id, kind, dimension, key) DO UPDATE SET count = tallies.count + excluded.count
    """)  # noqa: S608  # only constants are put into the text; values are bound

_TAKEN_OUT = text(f"SELECT entry.subject_id {_FRESH} AND entry.kind = '{Kind.PERSON}' AND entry.delta < 0")

_MOVE_HEADS = text(f"""
    UPDATE ledger_heads
       SET size = ledger_heads.size + fresh.entries, people = ledger_heads.people + fresh.people,
           organizations = ledger_heads.organizations + fresh.organizations, folded_at = :now
      FROM (SELECT head.campaign_id, COUNT(*) AS entries,
                   SUM(CASE WHEN entry.kind = 'person' THEN entry.delta ELSE 0 END) AS people,
                   SUM(CASE WHEN entry.kind = 'organization' THEN entry.delta ELSE 0 END) AS organizations {_FRESH}
             GROUP BY head.campaign_id) AS fresh
     WHERE ledger_heads.campaign_id = fresh.campaign_id
    """).bindparams(bindparam("now", type_=UTCDateTime()))  # noqa: S608  # only constants are put into the text; values are bound


# A correction waits for the entries of its subject, so that no place is taken back before it was counted. All that waits for a
# subject is read together, also past the end of the batch: `moved` is what these rows add up to in
# one place, `there` what its entries and earlier corrections do, `stands_at` where its signature says that it is counted.
_WAITING_PLACES = """
    WITH batch AS MATERIALIZED (
        SELECT DISTINCT subject_id FROM (
            SELECT place.subject_id FROM ledger_places AS place
             WHERE place.size IS NULL AND place.set_aside IS NULL
               AND NOT EXISTS (SELECT 1 FROM ledger_entries AS entry
                                WHERE entry.subject_id = place.subject_id AND {waits})
             ORDER BY place.id LIMIT :limit) AS oldest),
    waiting AS MATERIALIZED (
        SELECT place.id, place.campaign_id, place.subject_id, place.country, place.region, place.delta,
               place.country || COALESCE(place.region, '') AS at, ({place}) AS stands_at
          FROM batch CROSS JOIN ledger_places AS place
         WHERE place.subject_id = batch.subject_id AND place.size IS NULL AND place.set_aside IS NULL)
    SELECT waiting.*, head.size,
           SUM(waiting.delta) OVER (PARTITION BY waiting.campaign_id, waiting.subject_id, at) AS moved,
           (SELECT SUM(entry.delta) FROM ledger_entries AS entry
             WHERE entry.subject_id = waiting.subject_id AND +entry.campaign_id = waiting.campaign_id
               AND entry.kind = 'person' AND entry.number IS NOT NULL) AS counted,
           (SELECT COALESCE(SUM(moves.delta), 0) FROM (
               SELECT delta, campaign_id, country, region FROM ledger_entries
                WHERE subject_id = waiting.subject_id AND kind = 'person' AND number IS NOT NULL
               UNION ALL SELECT delta, campaign_id, country, region FROM ledger_places
                WHERE subject_id = waiting.subject_id AND size IS NOT NULL) AS moves
             WHERE moves.campaign_id = waiting.campaign_id
               AND moves.country || COALESCE(moves.region, '') = at) AS there
      FROM waiting LEFT JOIN ledger_heads AS head ON head.campaign_id = waiting.campaign_id
     ORDER BY waiting.id"""

_TAKE_PLACE = text("UPDATE ledger_places SET size = :size WHERE id = :id")

_SET_PLACE_ASIDE = text("UPDATE ledger_places SET set_aside = 'no_cause' WHERE id = :id")

_MOVE_PLACE = text(f"""
    INSERT INTO tallies (campaign_id, kind, dimension, key, count)
    VALUES (:campaign_id, '{Kind.PERSON}', :dimension, :key, :delta)
    ON CONFLICT (campaign_id, kind, dimension, key) DO UPDATE SET count = tallies.count + excluded.count""")  # noqa: S608  # only constants are put into the text; values are bound


@dataclass(frozen=True)
class Place:
    """Where somebody lives; the region is known for some in Korea only."""

    country: str
    region: str | None


@dataclass(frozen=True)
class PlaceMove:
    """A counted person moves from one place in the tallies to another."""

    campaign_id: int
    subject_id: int
    before: Place
    after: Place


def append(
    session: Session,
    *,
    campaign_id: int,
    kind: Kind = Kind.PERSON,
    reason: Reason | StatementKind,
    subject_id: int,
    country: str = "",
    region: str | None = None,
    at: datetime,
    pledge_text_id: int | None,
    commitment: bytes | None = None,
    times: int = 1,
) -> int:
    """Add the +1 or -1 of a reason in the caller's transaction: it and its cause are recorded together or not at all. Returns its id.

    `pledge_text_id`: what was signed; `commitment`: for a +1, what the public log says of the subject (leaves.py); `times`: of
    paper, how many signatures the batch has.
    """
    entry = insert(LedgerEntry).values(
        campaign_id=campaign_id,
        kind=kind,
        delta=reason.delta * times,
        reason=reason,
        subject_id=subject_id,
        country=country,
        region=region,
        hour=hour_of(at),
        occurred_at=at,
        pledge_text_id=pledge_text_id,
        commitment=commitment,
    )
    return session.scalars(entry.returning(LedgerEntry.id)).one()


def state(
    session: Session, *, campaign_id: int, kind: StatementKind, about: int, words: Texts, at: datetime
) -> None:
    """Publish words in somebody's name, for good, in the caller's transaction: the log gets their hash.

    `about`: the number of the delivery or endorsement that they belong to. Nothing of a person may be in them. What corrects them
    is another statement about the same.
    """
    words = languages.texts(words)
    statement = Statement(
        campaign_id=campaign_id,
        kind=kind,
        about=about,
        words=words,
        sha256=languages.fingerprint(words),
        said_at=at,
    )
    session.add(statement)
    session.flush()
    append(
        session,
        campaign_id=campaign_id,
        kind=Kind.STATEMENT,
        reason=kind,
        subject_id=statement.id,
        at=at,
        pledge_text_id=None,
        commitment=statement.sha256,
    )


def append_places(session: Session, moves: Iterable[PlaceMove], at: datetime) -> None:
    """Append corrections of places in the caller's transaction. The count stays; a move to the same place is skipped."""
    rows = [
        {
            "campaign_id": move.campaign_id,
            "subject_id": move.subject_id,
            "delta": delta,
            "country": place.country,
            "region": place.region,
            "occurred_at": at,
        }
        for move in moves
        if move.before != move.after
        for delta, place in ((-1, move.before), (1, move.after))
    ]
    if rows:
        session.execute(insert(LedgerPlace), rows)


def hour_of(at: datetime) -> str:
    """The hour of a moment as the tallies name it: `2026-11-24T05`, UTC."""
    return at.astimezone(UTC).isoformat(timespec="hours")[:13]


def fold(sources: FoldSources, limit: int = BATCH) -> int:
    """Number the oldest waiting entries, move places, and update what follows; returns how many rows of one kind those were.

    An entry without a cause in `sources.is_counted`, or that changes nothing, is set aside and delays no other. Whoever is taken
    out of the count is mailed, whatever the web server asked for. All is one transaction: after a killed worker the next fold
    starts again. A log behind its numbers, as after a migration, catches up in the same steps. 0: nothing waits, or another process folds; `limit`: more may wait. Raises log.NoLogKey, and
    log.LogInconsistent when the stored log does not continue the published one, memory.LogLost when it does not continue what was
    signed last; then nothing is changed.
    """
    if not fetch(_ANYTHING_WAITS).scalar_one():
        return 0
    with remembering(), transaction() as session:
        if not take_lock(session):
            return 0
        batch = {"limit": limit, "now": clock.now()}
        malformed = _SET_MALFORMED_ASIDE.format(
            known=sources.known, has_hour=_HAS_HOUR[session.get_bind().dialect.name]
        )
        folded: int = 0
        # Until there is none: those that move up into the batch were not looked at before.
        while aside := session.execute(text(malformed), batch).rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has it
            folded += aside
        session.execute(_MAKE_HEADS, batch)
        folded += session.execute(number_waiting(sources.is_counted), batch).rowcount  # type: ignore[attr-defined]  # an UPDATE's result has it
        session.execute(_MOVE_TALLIES, batch)
        if taken_out := session.scalars(_TAKEN_OUT, batch).all():
            sources.mail_taken_out(session, taken_out)
        session.execute(_MOVE_HEADS, batch)
        places = _fold_places(session, limit, sources)
        return max(folded, places, log.extend(session, limit, sources))


def dismiss(actor: Actor, campaign_id: int, slug: str, why: str) -> int:
    """Mark the entries set aside in a campaign as examined, so that they are no longer reported. Returns their number."""
    entries = 0
    with transaction() as session:
        for table in (LedgerEntry, LedgerPlace):
            statement = (
                update(table)
                .where(
                    table.campaign_id == campaign_id,
                    table.set_aside.in_((SetAside.NO_CAUSE, SetAside.NO_MOVE)),
                )
                .values(set_aside=SetAside.DISMISSED)
                .returning(table.id)
            )
            entries += len(session.execute(statement).all())
        if entries:
            record(session, actor, "ledger.dismiss", f"campaign:{slug}", reason=why, entries=entries)
    return entries


def accept_loss(actor: Actor, campaign_id: int, slug: str, saved: Head | None = None) -> bool:
    """Accept that what was signed last, or `saved`, is lost: the log goes on under its next name. False when it is not."""
    with transaction() as session:
        wait_for_lock(session)
        tiles = Tiles(session.connection(), campaign_id)
        losses = accepted_losses(tiles.connection, campaign_id)
        published = log.head_of(log.newest_checkpoint(tiles.connection, campaign_id))
        lost = find_loss(tiles, slug, losses, published, size=published.size, saved=saved)
        if lost is None:
            return False
        keep = insert_into(tiles.connection, LogLoss).on_conflict_do_nothing().returning(LogLoss.number)
        if not session.execute(keep, {**lost.loss, "accepted_at": clock.now()}).all():
            return False  # that checkpoint was handed in before
        session.execute(delete(LedgerDifference).filter_by(**lost.notice))
        sizes = {"signed": lost.loss["signed_size"], "restored": published.size}
        record(session, actor, "ledger.restored", f"campaign:{slug}", **sizes)
    return True


#: SQL: there is something to fold.
ANYTHING_WAITS = or_(
    exists().where(LedgerEntry.waits()),
    exists().where(LedgerHead.log_size < LedgerHead.size),
    exists().where(LedgerPlace.waits()),
)
#: A read that takes no write lock: most of the time there is nothing to fold.
_ANYTHING_WAITS = select(ANYTHING_WAITS)


def _fold_places(session: Session, limit: int, sources: FoldSources) -> int:
    """Apply waiting corrections of places, and set aside those that fit no signature. Returns the number of rows."""
    query = text(_WAITING_PLACES.format(waits=WAITS, place=sources.place))
    rows = session.execute(query, {"limit": limit}).all()
    fitting, aside = _fitting(rows)
    if aside:
        session.execute(_SET_PLACE_ASIDE, [{"id": row.id} for row in aside])
    moved: Counter[tuple[int, Dimension, str]] = Counter()
    for row in fitting:
        moved[row.campaign_id, Dimension.COUNTRY, row.country] += row.delta
        if row.region is not None:
            moved[row.campaign_id, Dimension.REGION, row.region] += row.delta
    if fitting:
        session.execute(_TAKE_PLACE, [{"id": row.id, "size": row.size} for row in fitting])
        keys = ("campaign_id", "dimension", "key")
        session.execute(
            _MOVE_PLACE,
            [{**dict(zip(keys, key, strict=True)), "delta": delta} for key, delta in moved.items()],
        )
    return len(rows)


def _fitting(rows: Iterable[Row[Any]]) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """The corrections that lead to where their subject is counted, and the others.

    Somebody who was moved twice before a fold passed through a place, so the rows of one place are seen together: all of them
    count if they add up to what is missing there, and else of each sign no more than is missing.
    """
    fitting, aside = [], []
    left: dict[tuple[int, int, str], int] = {}
    for row in rows:
        missing = _missing(row)
        if row.size is not None and row.moved == missing:
            fitting.append(row)
            continue
        key = (row.campaign_id, row.subject_id, row.at)
        rest = left.setdefault(key, missing)
        if rest * row.delta > 0:
            left[key] = rest - row.delta
            fitting.append(row)
        else:
            aside.append(row)
    return fitting, aside


def _missing(row: Row[Any]) -> int:
    """The change that a place still needs, so that the subject is counted at its signature's place or nowhere."""
    if row.counted and row.stands_at is None:
        return 0  # entries and signature do not agree, so no correction is right
    return int(bool(row.counted) and row.at == row.stands_at) - int(row.there)
