"""Checking what the fold has written against the entries themselves, and putting it right where it differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text

from pledge import clock
from pledge.db import UTCDateTime, db, reading, transaction
from pledge.ledger.services import wait_for_lock

TallyKey = tuple[int, str, str, str]  #: campaign, kind, dimension, key
Ends = Mapping[int, Any]  #: where the log of each campaign ends


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


_WRONG_PEOPLE = """
      FROM (SELECT id, campaign_id, people_after,
                   SUM(delta) OVER (PARTITION BY campaign_id ORDER BY number
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS people
              FROM ledger_entries WHERE number IS NOT NULL) AS summed
     WHERE (summed.people_after IS NULL OR summed.people_after <> summed.people)"""

_COUNT_WRONG_PEOPLE = text(f"SELECT campaign_id, COUNT(*) {_WRONG_PEOPLE} GROUP BY campaign_id")

_RIGHT_PEOPLE = text(f"""
    UPDATE ledger_entries SET people_after = summed.people {_WRONG_PEOPLE}
       AND ledger_entries.id = summed.id AND summed.campaign_id = :campaign_id""")  # noqa: S608  # our constant

_ENDS = text("""
    SELECT campaign_id, MAX(number) AS last, COUNT(*) AS entries, SUM(delta) AS people
      FROM ledger_entries WHERE number IS NOT NULL GROUP BY campaign_id""")

_HEADS = text("SELECT campaign_id, size, people FROM ledger_heads")

_RIGHT_HEAD = text("""
    INSERT INTO ledger_heads (campaign_id, size, people, folded_at) VALUES (:campaign_id, :size, :people, :now)
    ON CONFLICT (campaign_id) DO UPDATE SET size = excluded.size, people = excluded.people
    """).bindparams(bindparam("now", type_=UTCDateTime()))

_TALLIES = text("SELECT campaign_id, kind, dimension, key, count FROM tallies")

_FRESH_TALLIES = text("""
    WITH cells AS MATERIALIZED (
        SELECT campaign_id, kind, country, region, hour, SUM(delta) AS people FROM ledger_entries
         WHERE number IS NOT NULL GROUP BY campaign_id, kind, country, region, hour)
    SELECT campaign_id, kind, 'total', '', SUM(people) FROM cells GROUP BY campaign_id, kind
    UNION ALL
    SELECT campaign_id, kind, 'country', country, SUM(people) FROM cells GROUP BY campaign_id, kind, country
    UNION ALL
    SELECT campaign_id, kind, 'region', region, SUM(people) FROM cells WHERE region IS NOT NULL
     GROUP BY campaign_id, kind, region
    UNION ALL
    SELECT campaign_id, kind, 'hour', hour, SUM(people) FROM cells GROUP BY campaign_id, kind, hour""")

_RIGHT_TALLY = text("""
    INSERT INTO tallies (campaign_id, kind, dimension, key, count)
    VALUES (:campaign_id, :kind, :dimension, :key, :count)
    ON CONFLICT (campaign_id, kind, dimension, key) DO UPDATE SET count = excluded.count""")

_NO_TALLY = text("""
    DELETE FROM tallies
     WHERE campaign_id = :campaign_id AND kind = :kind AND dimension = :dimension AND key = :key""")


def recount() -> list[Drift]:
    """Add up every numbered entry anew, repair what differs, and say what that was. No fold runs meanwhile.

    An entry's own content and number are never changed: a gap in the numbers is only reported.
    """
    if db.engine.dialect.name == "sqlite":
        # The fold's lock is there the write lock, which would keep signers waiting: take it only when there is cause.
        with reading() as connection:
            if not list(_differences(connection)):
                return []
    with transaction() as session:
        wait_for_lock(session)
        found = list(_differences(session.connection()))
        for drift in found:
            if drift.repair is not None:
                session.execute(drift.repair, drift.values)
        return found


def _differences(connection: Connection) -> Iterator[Drift]:
    ends: Ends = {row.campaign_id: row for row in connection.execute(_ENDS)}
    yield from _gaps(ends)
    yield from _people_after(connection)
    yield from _heads(connection, ends)
    yield from _tallies(connection)


def _gaps(ends: Ends) -> Iterator[Drift]:
    for campaign_id, end in sorted(ends.items()):
        if end.entries != end.last:
            yield Drift(
                campaign_id,
                f"the numbers go up to {end.last}, but there are {end.entries} entries: some were removed",
            )


def _people_after(connection: Connection) -> Iterator[Drift]:
    for campaign_id, entries in connection.execute(_COUNT_WRONG_PEOPLE).all():
        what = f"people_after was wrong in {entries} of the entries"
        yield Drift(campaign_id, what, _RIGHT_PEOPLE, {"campaign_id": campaign_id})


def _heads(connection: Connection, ends: Ends) -> Iterator[Drift]:
    stored = {row.campaign_id: row for row in connection.execute(_HEADS)}
    for campaign_id in sorted(stored.keys() | ends.keys()):
        head, end = stored.get(campaign_id), ends.get(campaign_id)
        was = None if head is None else (head.size, head.people)
        right = (0, 0) if end is None else (end.last, end.people)
        if was != right:
            found = "was missing" if was is None else f"said {was[0]} entries and {was[1]} people"
            what = f"the head {found}, the entries say {right[0]} and {right[1]}"
            values = {"campaign_id": campaign_id, "size": right[0], "people": right[1], "now": clock.now()}
            yield Drift(campaign_id, what, _RIGHT_HEAD, values)


def _tallies(connection: Connection) -> Iterator[Drift]:
    stored, right = _by_key(connection, _TALLIES), _by_key(connection, _FRESH_TALLIES)
    for key in sorted(stored.keys() | right.keys()):
        was, people = stored.get(key), right.get(key)
        if was != people:
            values = dict(zip(("campaign_id", "kind", "dimension", "key"), key, strict=True))
            name = f"the tally of {values['dimension']} {values['key']}".rstrip()
            found = "was missing" if was is None else f"was {was}"
            what = f"{name} {found}, the entries say {people or 0}"
            repair = _NO_TALLY if people is None else _RIGHT_TALLY
            yield Drift(key[0], what, repair, {**values, "count": people})


def _by_key(connection: Connection, query: TextClause) -> dict[TallyKey, int]:
    return {(row[0], row[1], row[2], row[3]): int(row[4]) for row in connection.execute(query)}
