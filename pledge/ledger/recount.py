"""Checking what the fold has written against the entries themselves, and repairing it where it differs.

Country, region and hour are in no leaf of the public log, so the log does not show a forged one. Nothing is therefore
repaired to match entries that the signatures or the wall contradict, or that can no longer be checked against them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text

from pledge.core import clock
from pledge.core.db import db, reading, transaction
from pledge.core.db.types import UTCDateTime
from pledge.ledger import counting
from pledge.ledger.counting import Counted
from pledge.ledger.locks import wait_for_lock
from pledge.ledger.models import Dimension, Kind

CountedByCampaign = Mapping[int, Counted]


@dataclass(frozen=True)
class Doubts:
    """Campaigns, by number, whose entries are in doubt, as the packages above find them."""

    differing: frozenset[int] = frozenset()  #: the entries do not add up to the signatures, or to the wall
    forgotten: frozenset[int] = frozenset()  #: the signatures are deleted, so places can no longer be checked


@dataclass(frozen=True)
class Drift:
    """One thing that differed from the entries."""

    campaign_id: int
    what: str  #: in words: "the tally of country KR was 7, the entries say 5"
    repair: TextClause | None = None  #: the statement that puts it right; None when only a person can
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def repaired(self) -> bool:
        return self.repair is not None


_WRONG_COUNTS = """
      FROM (SELECT id, campaign_id, count_after,
                   SUM(delta) OVER (PARTITION BY campaign_id, kind ORDER BY number
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS count
              FROM ledger_entries WHERE number IS NOT NULL) AS summed
     WHERE (summed.count_after IS NULL OR summed.count_after <> summed.count)"""

_COUNT_WRONG = text(f"SELECT campaign_id, COUNT(*) {_WRONG_COUNTS} GROUP BY campaign_id")

_RIGHT_COUNTS = text(f"""
    UPDATE ledger_entries SET count_after = summed.count {_WRONG_COUNTS}
       AND ledger_entries.id = summed.id AND summed.campaign_id = :campaign_id""")  # noqa: S608  # only constants are put into the text; values are bound

_HEADS = text("SELECT campaign_id, size, people, organizations FROM ledger_heads")

# A lost head gets the size of the log from its tiles: they only grow, so none is rewritten.
_RIGHT_HEAD = text("""
    INSERT INTO ledger_heads (campaign_id, size, people, organizations, folded_at, log_size)
    VALUES (:campaign_id, :size, :people, :organizations, :now,
            (SELECT CASE WHEN MAX(hashes) > :size THEN :size ELSE COALESCE(MAX(hashes), 0) END
               FROM (SELECT tile * 256 + LENGTH(hashes) / 32 AS hashes FROM log_tiles
                      WHERE campaign_id = :campaign_id AND level = 0) AS leaves))
    ON CONFLICT (campaign_id) DO UPDATE
       SET size = excluded.size, people = excluded.people, organizations = excluded.organizations
    """).bindparams(bindparam("now", type_=UTCDateTime()))

_TALLIES = text("SELECT campaign_id, kind, dimension, key, count AS number FROM tallies")

_RIGHT_TALLY = text("""
    INSERT INTO tallies (campaign_id, kind, dimension, key, count)
    VALUES (:campaign_id, :kind, :dimension, :key, :count)
    ON CONFLICT (campaign_id, kind, dimension, key) DO UPDATE SET count = excluded.count""")

_NO_TALLY = text("""
    DELETE FROM tallies
     WHERE campaign_id = :campaign_id AND kind = :kind AND dimension = :dimension AND key = :key""")


def recount(doubts: Callable[[Connection], Doubts]) -> list[Drift]:
    """Add up all numbered entries again, repair what differs, and return what that was. No fold runs meanwhile.

    An entry's own content and number are never changed: a gap in the numbers is only reported, and so is everything of a
    campaign in doubt.
    """
    if db.engine.dialect.name == "sqlite":
        # The fold's lock is there the write lock, which would keep signers waiting: take it only when there is cause.
        with reading() as connection:
            if not list(differences(connection)):
                return []
    with transaction() as session:
        wait_for_lock(session)
        connection = session.connection()
        known = doubts(connection)
        found = [_unless_doubted(drift, known) for drift in differences(connection)]
        for drift in found:
            if drift.repair is not None:
                session.execute(drift.repair, drift.values)
        return found


def _unless_doubted(drift: Drift, doubts: Doubts) -> Drift:
    is_place = drift.values.get("dimension") in (Dimension.COUNTRY, Dimension.REGION)
    if drift.campaign_id in doubts.differing or (is_place and drift.campaign_id in doubts.forgotten):
        return replace(drift, repair=None)
    return drift


def differences(connection: Connection) -> Iterator[Drift]:
    """What the fold has written otherwise than the entries say. `connection` must be in a transaction of its own."""
    found = counting.counted_all(connection)
    yield from _gaps(found)
    yield from _counts_after(connection)
    yield from _heads(connection, found)
    yield from _tallies(connection, found)


def _gaps(found: CountedByCampaign) -> Iterator[Drift]:
    for campaign_id, counted in sorted(found.items()):
        if counted.size != counted.last:
            yield Drift(
                campaign_id,
                f"the numbers go up to {counted.last}, but there are {counted.size} entries: some were removed",
            )


def _counts_after(connection: Connection) -> Iterator[Drift]:
    for campaign_id, entries in connection.execute(_COUNT_WRONG).all():
        what = f"count_after was wrong in {entries} of the entries"
        yield Drift(campaign_id, what, _RIGHT_COUNTS, {"campaign_id": campaign_id})


def _heads(connection: Connection, found: CountedByCampaign) -> Iterator[Drift]:
    stored = {row.campaign_id: row for row in connection.execute(_HEADS)}
    for campaign_id in sorted(stored.keys() | found.keys()):
        head, counted = stored.get(campaign_id), found.get(campaign_id, Counted())
        was = None if head is None else (head.size, head.people, head.organizations)
        right = counted.last, counted.count(Kind.PERSON), counted.count(Kind.ORGANIZATION)
        if was != right:
            said = (
                "was missing"
                if was is None
                else f"said {was[0]} entries, {was[1]} people and {was[2]} organizations"
            )
            what = f"the head {said}, the entries say {right[0]}, {right[1]} and {right[2]}"
            values = dict(zip(("size", "people", "organizations"), right, strict=True))
            yield Drift(
                campaign_id, what, _RIGHT_HEAD, {**values, "campaign_id": campaign_id, "now": clock.now()}
            )


def _tallies(connection: Connection, found: CountedByCampaign) -> Iterator[Drift]:
    stored = {tuple(row[:4]): row.number for row in connection.execute(_TALLIES)}
    right = {
        (campaign_id, kind, dimension, key): number
        for campaign_id, counted in found.items()
        for kind, tallies in counted.tallies.items()
        for dimension, cells in tallies.items()
        for key, number in cells.items()
    }
    for key in sorted(stored.keys() | right.keys()):
        was, counted = stored.get(key), right.get(key)
        if was != counted:
            values = dict(zip(("campaign_id", "kind", "dimension", "key"), key, strict=True))
            whose = "" if values["kind"] == "person" else f"{values['kind']} "
            name = f"the tally of {whose}{values['dimension']} {values['key']}".rstrip()
            found_there = "was missing" if was is None else f"was {was}"
            what = f"{name} {found_there}, the entries say {counted or 0}"
            repair = _NO_TALLY if counted is None else _RIGHT_TALLY
            yield Drift(key[0], what, repair, {**values, "count": counted})
