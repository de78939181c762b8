"""Adds up the ledger in SQL, and repairs derived numbers that differ from the entries.

Fold, deliveries and totals count here. Two programs count the public log with code of their own, so that nobody has to trust
this one: verifier/verify.py, which `flask ledger verify` and the making of packs use too, and the page /verify.

The leaves of the public log have no country, region and hour, so a forged one does not show there. Therefore nothing is repaired
to match entries that signatures or organisations contradict, or that can no longer be checked against them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, TextClause, bindparam, text

from pledge.core import clock
from pledge.core.db import db, reading, transaction
from pledge.core.db.types import UTCDateTime
from pledge.ledger.models import Dimension, Kind, Reason
from pledge.ledger.numbering import wait_for_lock

#: The tallies that an entry moves, as SQL over rows `moved` of campaign_id, kind, country, region, hour and delta.
TALLY_ROWS = """
    SELECT campaign_id, kind, 'total' AS dimension, '' AS key, delta FROM moved
    UNION ALL SELECT campaign_id, kind, 'country', country, delta FROM moved
    UNION ALL SELECT campaign_id, kind, 'region', region, delta FROM moved WHERE region IS NOT NULL
    UNION ALL SELECT campaign_id, kind, 'hour', hour, delta FROM moved"""

#: Larger than any log.
MAX_SIZE = 2**63 - 1

#: A log of ten million entries takes longer than a statement of a page may.
_SECONDS = 120

# PostgreSQL expects many more places and hours than there are and would sort a million rows on disk, which takes three
# times as long as counting them in memory.
_MAKE_ROOM = text(f"""
    SELECT set_config('work_mem', '256MB', true),
           set_config('statement_timeout', '{_SECONDS}s', true)""")  # our own constant

# One statement for all that is counted. It reads every entry once and returns a row for each hour and place.
_CELLS = """
    SELECT campaign_id, kind, reason, pledge_text_id, country, region, hour,
           COUNT(*) AS entries, SUM(delta) AS moved, MAX(number) AS last
      FROM ledger_entries WHERE {which}
     GROUP BY campaign_id, kind, reason, pledge_text_id, country, region, hour"""


# Places that were put right are people's, and move nobody into or out of the count.
_PLACES = """
    SELECT campaign_id, country, region, SUM(delta) AS moved FROM ledger_places WHERE {which}
     GROUP BY campaign_id, country, region"""

#: Which rows of `_CELLS` and `_PLACES`, by the column that says when the fold took them.
_ALL = "{taken} IS NOT NULL"
_UP_TO = "campaign_id = :campaign_id AND {taken} <= :size"
_SINCE = "campaign_id = :campaign_id AND {taken} >= :size"

_SUBJECTS = text("""
    SELECT subject_id, COALESCE(MAX(CASE WHEN reason = 'confirmed' THEN hour END), MIN(hour)) AS hour
      FROM ledger_entries WHERE campaign_id = :campaign_id AND number <= :size AND kind = :kind
     GROUP BY subject_id HAVING SUM(delta) = 1""")

# One statement, so that both sides are seen at the same moment while people go on confirming.
_DIFFERENCES = """
    SELECT campaign_id, SUM(recorded) AS recorded, SUM(counted) AS counted,
           SUM(CASE WHEN recorded <> counted THEN 1 ELSE 0 END) AS places
      FROM (SELECT campaign_id, country, region, SUM(recorded) AS recorded, SUM(counted) AS counted
              FROM (SELECT campaign_id, country, region, SUM(times) AS recorded, 0 AS counted FROM ({subjects}) AS subjects
                     GROUP BY campaign_id, country, region
                    UNION ALL
                    SELECT campaign_id, {place}, 0, SUM(delta) FROM ledger_entries
                     WHERE kind = '{kind}' AND set_aside IS NULL GROUP BY campaign_id, country, region
                    UNION ALL
                    SELECT campaign_id, {place}, 0, SUM(delta) FROM ledger_places
                     WHERE '{kind}' = 'person' AND set_aside IS NULL GROUP BY campaign_id, country, region) AS sides
             GROUP BY campaign_id, country, region) AS places
     GROUP BY campaign_id HAVING SUM(CASE WHEN recorded <> counted THEN 1 ELSE 0 END) > 0 ORDER BY campaign_id"""


@dataclass(frozen=True)
class Moves:
    """What the log of one kind adds up to: `confirmed` and `reinstated` less the others is the count."""

    confirmed: int
    withdrawn: int
    invalidated: int
    reinstated: int
    removed: int = 0

    @property
    def by_reason(self) -> dict[str, int]:
        """As packs have them: in earlier ones nobody was `removed`, so it is left out where that is 0."""
        return {name: number for name, number in vars(self).items() if number or name != Reason.REMOVED}

    @property
    def taken_back(self) -> int:
        return self.withdrawn + self.invalidated + self.removed

    @property
    def count(self) -> int:
        return sum(getattr(self, reason.value) * reason.delta for reason in Reason)


@dataclass
class Counted:
    """The sums of the entries of one campaign."""

    entries: Counter[tuple[str, str]] = field(default_factory=Counter)  #: by kind and reason
    tallies: dict[Kind, dict[Dimension, Counter[str]]] = field(
        default_factory=lambda: {kind: {dimension: Counter() for dimension in Dimension} for kind in Kind}
    )
    by_pledge: Counter[tuple[str, int]] = field(default_factory=Counter)  #: the count by kind and pledge text
    last: int = 0  #: the largest number of an entry

    @property
    def size(self) -> int:
        return self.entries.total()

    @property
    def pledge_text_ids(self) -> frozenset[int]:
        """The pledge texts that were signed, also those whose signatures were all withdrawn."""
        return frozenset(pledge_text_id for _, pledge_text_id in self.by_pledge)

    def moves(self, kind: Kind) -> Moves:
        return Moves(**{reason.value: self.entries[kind, reason] for reason in Reason})

    def count(self, kind: Kind) -> int:
        return self.tallies[kind][Dimension.TOTAL][""]

    @property
    def cells(self) -> dict[tuple[str, str, str], int]:
        """The tallies by kind, dimension and key."""
        return {
            (kind, dimension, key): number
            for kind, tallies in self.tallies.items()
            for dimension, cells in tallies.items()
            for key, number in cells.items()
        }

    def add(self, row: Row[Any]) -> None:
        """Add a row of `_CELLS`."""
        kind, moved = Kind(row.kind), int(row.moved)
        self.entries[kind, row.reason] += row.entries
        if row.pledge_text_id is not None:
            self.by_pledge[kind, row.pledge_text_id] += moved
        self.last = max(self.last, row.last)
        if kind is Kind.STATEMENT:
            return
        tallies = self.tallies[kind]
        tallies[Dimension.TOTAL][""] += moved
        tallies[Dimension.COUNTRY][row.country] += moved
        tallies[Dimension.HOUR][row.hour] += moved
        if row.region is not None:
            tallies[Dimension.REGION][row.region] += moved

    def move(self, row: Row[Any]) -> None:
        """Add a row of `_PLACES`."""
        tallies = self.tallies[Kind.PERSON]
        tallies[Dimension.COUNTRY][row.country] += int(row.moved)
        if row.region is not None:
            tallies[Dimension.REGION][row.region] += int(row.moved)


def counted(connection: Connection, campaign_id: int, size: int = MAX_SIZE) -> Counted:
    """Add up the first `size` entries of a log, or all. `connection` must be in a transaction of its own."""
    return _add_up(connection, _UP_TO, campaign_id=campaign_id, size=size)[campaign_id]


def _add_up(connection: Connection, which: str, **values: int) -> defaultdict[int, Counted]:
    if connection.dialect.name == "postgresql":
        connection.execute(_MAKE_ROOM)
    cells = text(_CELLS.format(which=which.format(taken="number"))).execution_options(deadline=_SECONDS)
    places = text(_PLACES.format(which=which.format(taken="size")))
    counted: defaultdict[int, Counted] = defaultdict(Counted)
    for row in connection.execute(cells, values):
        counted[row.campaign_id].add(row)
    for row in connection.execute(places, values):
        counted[row.campaign_id].move(row)
    return counted


def counted_subjects(connection: Connection, campaign_id: int, size: int, kind: Kind) -> dict[int, str]:
    """The subjects that the first `size` entries of a log count, with the hour (UTC) of the confirmation of each."""
    span = {"campaign_id": campaign_id, "size": size, "kind": kind}
    return {row.subject_id: row.hour for row in connection.execute(_SUBJECTS, span)}


@dataclass(frozen=True)
class Mismatch:
    """The subjects of a campaign that are in the state that counts are not those that the ledger counts."""

    campaign_id: int
    kind: Kind
    recorded: int  #: subjects in that state; of paper their signatures
    counted: int  #: what the entries add up to, folded or not; none that is set aside
    places: int  #: countries and regions in which both differ

    @property
    def what(self) -> str:
        """In words, for operators."""
        names = {
            Kind.PERSON: ("signatures", "confirmed"),
            Kind.ORGANIZATION: ("organizations", "published"),
            Kind.PAPER: ("signatures on paper", "agreed"),
        }
        who, state = names[self.kind]
        if self.recorded == self.counted:
            return f"the {state} {who} and the ledger differ in {self.places} countries or regions"
        return f"{self.recorded} {who} are {state}, the ledger adds up to {self.counted}"


def mismatches(connection: Connection, kind: Kind, subjects: str, *, by_place: bool) -> list[Mismatch]:
    """The differences between the ledger and what it counts; empty if all is well.

    `subjects`: an SQL query of campaign_id, country and region of every subject that is to be counted, and `times` how often.
    Without `by_place` country and region are NULL and only the sum is compared.
    """
    place = "country, region" if by_place else "NULL, NULL"
    query = text(_DIFFERENCES.format(subjects=subjects, place=place, kind=kind))
    return [
        Mismatch(row.campaign_id, kind, int(row.recorded), int(row.counted), int(row.places))
        for row in connection.execute(query)
    ]


def fingerprint(connection: Connection, sizes: Mapping[int, int]) -> str:
    """Of heads and tallies before the entry `sizes` of each log: what is stored, less what the fold has added since.

    As entries only come, it is the same for good. `connection` must be in a transaction of its own.
    """
    tallies = connection.execute(_TALLIES)
    before: Counter[tuple[Any, ...]] = Counter({tuple(row[:4]): row.number for row in tallies})
    for head in connection.execute(_HEADS).all():
        campaign_id = head.campaign_id
        span = {"campaign_id": campaign_id, "size": sizes.get(campaign_id, 0)}
        since = _add_up(connection, _SINCE, **span)[campaign_id]
        before.subtract({(campaign_id, *cell): number for cell, number in since.cells.items()})
        before[campaign_id, "size"] = head.size - since.size
        before[campaign_id, "people"] = head.people - since.count(Kind.PERSON)
        before[campaign_id, "organizations"] = head.organizations - since.count(Kind.ORGANIZATION)
    return sha256(repr(sorted(cell for cell in before.items() if cell[1])).encode()).hexdigest()


# --- Recounting what the fold has written ---


@dataclass(frozen=True)
class Doubts:
    """Campaigns, by number, whose entries are in doubt, as the packages above find them."""

    differing: frozenset[int] = frozenset()  #: the entries do not add up to the signatures, or to the wall
    forgotten: frozenset[int] = frozenset()  #: the signatures are deleted, so places can no longer be checked


@dataclass(frozen=True)
class Drift:
    """A derived number that differs from the entries."""

    campaign_id: int
    what: str  #: in words: "the tally of country KR was 7, the entries say 5"
    repair: TextClause | None = None  #: the statement that repairs it; None if a person has to decide
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

# A lost head gets its size from the tiles of the log: they only grow, so none is rewritten.
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
        drifts = [_unless_doubted(drift, known) for drift in differences(connection)]
        for drift in drifts:
            if drift.repair is not None:
                session.execute(drift.repair, drift.values)
        return drifts


def _unless_doubted(drift: Drift, doubts: Doubts) -> Drift:
    is_place = drift.values.get("dimension") in (Dimension.COUNTRY, Dimension.REGION)
    if drift.campaign_id in doubts.differing or (is_place and drift.campaign_id in doubts.forgotten):
        return replace(drift, repair=None)
    return drift


def differences(connection: Connection) -> Iterator[Drift]:
    """The derived numbers that differ from the entries. `connection` must be in a transaction of its own."""
    counted = dict(_add_up(connection, _ALL))
    yield from _gaps(counted)
    yield from _counts_after(connection)
    yield from _heads(connection, counted)
    yield from _tallies(connection, counted)


def _gaps(by_campaign: Mapping[int, Counted]) -> Iterator[Drift]:
    for campaign_id, counted in sorted(by_campaign.items()):
        if counted.size != counted.last:
            yield Drift(
                campaign_id,
                f"the numbers go up to {counted.last}, but there are {counted.size} entries: some were removed",
            )


def _counts_after(connection: Connection) -> Iterator[Drift]:
    for campaign_id, entries in connection.execute(_COUNT_WRONG).all():
        what = f"count_after was wrong in {entries} of the entries"
        yield Drift(campaign_id, what, _RIGHT_COUNTS, {"campaign_id": campaign_id})


def _heads(connection: Connection, by_campaign: Mapping[int, Counted]) -> Iterator[Drift]:
    stored = {row.campaign_id: row for row in connection.execute(_HEADS)}
    for campaign_id in sorted(stored.keys() | by_campaign.keys()):
        head, counted = stored.get(campaign_id), by_campaign.get(campaign_id, Counted())
        was = None if head is None else (head.size, head.people, head.organizations)
        right = counted.last, counted.count(Kind.PERSON), counted.count(Kind.ORGANIZATION)
        if was != right:
            written = (
                "was missing"
                if was is None
                else f"said {was[0]} entries, {was[1]} people and {was[2]} organizations"
            )
            what = f"the head {written}, the entries say {right[0]}, {right[1]} and {right[2]}"
            values = dict(zip(("size", "people", "organizations"), right, strict=True))
            yield Drift(
                campaign_id, what, _RIGHT_HEAD, {**values, "campaign_id": campaign_id, "now": clock.now()}
            )


def _tallies(connection: Connection, by_campaign: Mapping[int, Counted]) -> Iterator[Drift]:
    stored = {tuple(row[:4]): row.number for row in connection.execute(_TALLIES)}
    right = {
        (campaign_id, *cell): number
        for campaign_id, counted in by_campaign.items()
        for cell, number in counted.cells.items()
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
