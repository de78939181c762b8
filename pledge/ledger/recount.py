"""Checking what the fold has written against the entries themselves, and putting it right where it differs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from pledge import clock
from pledge.db import UTCDateTime, transaction
from pledge.ledger.models import LedgerEntry
from pledge.ledger.services import wait_for_lock

TallyKey = tuple[int, str, str, str]  #: campaign, kind, dimension, key
Ends = Mapping[int, Any]  #: where the log of each campaign ends


@dataclass(frozen=True)
class Drift:
    """One thing that differed from the entries."""

    campaign_id: int
    what: str  #: in words: "the tally of country KR was 7, the entries say 5"
    repaired: bool = True


_SUMMED = """
    SELECT id, campaign_id, people_after,
           SUM(delta) OVER (PARTITION BY campaign_id ORDER BY number
                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS people
      FROM ledger_entries WHERE number IS NOT NULL"""

_RIGHT_PEOPLE = text(f"""
    UPDATE ledger_entries SET people_after = wrong.people
      FROM (SELECT id, people FROM ({_SUMMED}) AS summed
             WHERE people_after IS NULL OR people_after <> people) AS wrong
     WHERE ledger_entries.id = wrong.id
    RETURNING campaign_id""")  # noqa: S608  # built from a constant of this module

_RIGHT_HEAD = text("""
    INSERT INTO ledger_heads (campaign_id, size, people, folded_at) VALUES (:campaign_id, :size, :people, :now)
    ON CONFLICT (campaign_id) DO UPDATE SET size = excluded.size, people = excluded.people
    """).bindparams(bindparam("now", type_=UTCDateTime()))

_RIGHT_TALLY = text("""
    INSERT INTO tallies (campaign_id, kind, dimension, key, count)
    VALUES (:campaign_id, :kind, :dimension, :key, :count)
    ON CONFLICT (campaign_id, kind, dimension, key) DO UPDATE SET count = excluded.count""")

_NO_TALLY = text("""
    DELETE FROM tallies
     WHERE campaign_id = :campaign_id AND kind = :kind AND dimension = :dimension AND key = :key""")

_HEADS = text("SELECT campaign_id, size, people FROM ledger_heads")
_STORED_TALLIES = text("SELECT campaign_id, kind, dimension, key, count FROM tallies")
_FRESH_TALLIES = text("""
    WITH numbered AS (SELECT campaign_id, kind, country, region, hour, delta FROM ledger_entries
                       WHERE number IS NOT NULL)
    SELECT campaign_id, kind, 'total', '', SUM(delta) FROM numbered GROUP BY campaign_id, kind
    UNION ALL
    SELECT campaign_id, kind, 'country', country, SUM(delta) FROM numbered GROUP BY campaign_id, kind, country
    UNION ALL
    SELECT campaign_id, kind, 'region', region, SUM(delta) FROM numbered WHERE region IS NOT NULL
     GROUP BY campaign_id, kind, region
    UNION ALL
    SELECT campaign_id, kind, 'hour', hour, SUM(delta) FROM numbered GROUP BY campaign_id, kind, hour""")


_ENDS = (
    select(
        LedgerEntry.campaign_id,
        func.max(LedgerEntry.number).label("last"),
        func.count(LedgerEntry.number).label("entries"),
        func.sum(LedgerEntry.delta).label("people"),
    )
    .where(LedgerEntry.number.is_not(None))
    .group_by(LedgerEntry.campaign_id)
)


def recount() -> list[Drift]:
    """Add up every numbered entry anew, repair what differs, and say what that was. No fold runs meanwhile.

    An entry's own content and number are never changed: a gap in the numbers is only reported.
    """
    with transaction() as session:
        wait_for_lock(session)
        ends: Ends = {row.campaign_id: row for row in session.execute(_ENDS)}
        return [*_gaps(ends), *_people_after(session), *_heads(session, ends), *_tallies(session)]


def _gaps(ends: Ends) -> Iterator[Drift]:
    for campaign_id, end in ends.items():
        if end.entries != end.last:
            what = f"the numbers go up to {end.last}, but there are {end.entries} entries: some were removed"
            yield Drift(campaign_id, what, repaired=False)


def _people_after(session: Session) -> Iterator[Drift]:
    wrong = Counter(session.execute(_RIGHT_PEOPLE).scalars())
    for campaign_id, entries in wrong.items():
        yield Drift(campaign_id, f"people_after was wrong in {entries} of the entries")


def _heads(session: Session, ends: Ends) -> Iterator[Drift]:
    stored = {row.campaign_id: row for row in session.execute(_HEADS)}
    for campaign_id in sorted(stored.keys() | ends.keys()):
        head, end = stored.get(campaign_id), ends.get(campaign_id)
        was = None if head is None else (head.size, head.people)
        right = (0, 0) if end is None else (end.last, end.people)
        if was == right:
            continue
        values = {"campaign_id": campaign_id, "size": right[0], "people": right[1], "now": clock.now()}
        session.execute(_RIGHT_HEAD, values)
        found = "was missing" if was is None else f"said {was[0]} entries and {was[1]} people"
        yield Drift(campaign_id, f"the head {found}, the entries say {right[0]} and {right[1]}")


def _tallies(session: Session) -> Iterator[Drift]:
    stored = _by_key(session.execute(_STORED_TALLIES))
    right = _by_key(session.execute(_FRESH_TALLIES))
    for key in sorted(stored.keys() | right.keys()):
        was, is_now = stored.get(key), right.get(key)
        if was == is_now:
            continue
        values = dict(zip(("campaign_id", "kind", "dimension", "key"), key, strict=True))
        session.execute(_NO_TALLY if is_now is None else _RIGHT_TALLY, {**values, "count": is_now})
        name = f"the tally of {values['dimension']} {values['key']}".rstrip()
        found = "was missing" if was is None else f"was {was}"
        yield Drift(key[0], f"{name} {found}, the entries say {0 if is_now is None else is_now}")


def _by_key(rows: Iterable[Any]) -> dict[TallyKey, int]:
    return {tuple(key): count for *key, count in rows}
