"""Counting a log: which entry counts, which is taken back, and what the entries add up to.

This is the one place for it inside the site: the fold, `flask ledger verify` and `recount`, deliveries, totals and packs
all count here. Two programs count the same logs by their own code, so that nobody has to believe this one: tools/verify.py
and the page /verify.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from pledge.ledger import merkle
from pledge.ledger.leaves import Leaf
from pledge.ledger.models import Dimension, Kind, Reason

NOTHING_TAKEN_BACK = "takes back nothing that stands"
PLUS_TAKES_BACK = "adds one and says that it takes one back"
WRONG_CHANGE = "its reason does not change the count so"
COUNTS_TWICE = "counts what an earlier entry counts already"

_DELTAS: dict[str, int] = {reason.value: reason.delta for reason in Reason}
_CODES: dict[str, int] = {kind.value: code for code, kind in enumerate(Kind, 1)}

#: The tallies that an entry moves, as SQL over rows `moved` of campaign_id, kind, country, region, hour and delta.
TALLY_ROWS = """
    SELECT campaign_id, kind, 'total' AS dimension, '' AS key, delta FROM moved
    UNION ALL SELECT campaign_id, kind, 'country', country, delta FROM moved
    UNION ALL SELECT campaign_id, kind, 'region', region, delta FROM moved WHERE region IS NOT NULL
    UNION ALL SELECT campaign_id, kind, 'hour', hour, delta FROM moved"""

#: More entries than a log can have.
MAX_SIZE = 2**63 - 1

#: A log of ten million entries takes longer than a statement of a page may.
_SECONDS = 120

# PostgreSQL expects many more places and hours than there are and would sort a million rows on disk, which takes three
# times as long as counting them in memory.
_MAKE_ROOM = text(f"""
    SELECT set_config('work_mem', '256MB', true), set_config('jit', 'off', true),
           set_config('statement_timeout', '{_SECONDS}s', true)""")  # our own constant

# One statement for all that is counted. It reads every entry once and returns a row for each hour and place.
_CELLS = """
    SELECT campaign_id, kind, reason, pledge_text_id, country, region, hour,
           COUNT(*) AS entries, SUM(delta) AS moved, MAX(number) AS last
      FROM ledger_entries WHERE {which}
     GROUP BY campaign_id, kind, reason, pledge_text_id, country, region, hour"""


def _cells(which: str) -> TextClause:
    return text(_CELLS.format(which=which)).execution_options(deadline=_SECONDS)


_CELLS_OF_ALL = _cells("number IS NOT NULL")
_CELLS_UP_TO = _cells("campaign_id = :campaign_id AND number <= :size")

# Places that were put right are people's, and move nobody into or out of the count.
_PLACES = """
    SELECT campaign_id, country, region, SUM(delta) AS moved FROM ledger_places WHERE {which}
     GROUP BY campaign_id, country, region"""
_PLACES_OF_ALL = text(_PLACES.format(which="size IS NOT NULL"))
_PLACES_UP_TO = text(_PLACES.format(which="campaign_id = :campaign_id AND size <= :size"))

_STANDING = text("""
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
    """What the log of one kind adds up to: confirmed - withdrawn - invalidated + reinstated is the count."""

    confirmed: int
    withdrawn: int
    invalidated: int
    reinstated: int

    @property
    def count(self) -> int:
        return sum(getattr(self, reason.value) * reason.delta for reason in Reason)


def moves_of(entries: Counter[tuple[str, str]], kind: Kind) -> Moves:
    """The moves of a kind from the number of entries by kind and reason."""
    return Moves(**{reason.value: entries[kind, reason] for reason in Reason})


class LogCount:
    """Counts a log leaf by leaf, in the order of the log.

    It remembers one byte for each entry and one hash for each level of the tree, however long the log is.
    """

    def __init__(self) -> None:
        #: The fault of the first invalid entry: `entry 4: takes back nothing that stands`.
        self.fault = ""
        self._edge = merkle.Edge()
        self._entries: Counter[tuple[str, str]] = Counter()
        self._counts: Counter[str] = Counter()
        #: For each entry: of which kind it adds one that nobody has taken back yet, or 0.
        self._standing = bytearray()
        #: The batches on paper that count now, by the index of their entry.
        self._batches: dict[int, Leaf] = {}

    @property
    def size(self) -> int:
        return self._edge.size

    @property
    def root(self) -> bytes:
        return self._edge.root

    @property
    def people(self) -> int:
        return self._counts[Kind.PERSON]

    @property
    def organizations(self) -> int:
        return self._counts[Kind.ORGANIZATION]

    @property
    def paper(self) -> int:
        return self._counts[Kind.PAPER]

    def moves(self, kind: Kind) -> Moves:
        """How many entries of a kind there are for each reason."""
        return moves_of(self._entries, kind)

    def add(self, leaf: Leaf) -> list[bytes]:
        """Count one more; the roots of all subtrees of the tree that it completes, from its own hash up."""
        fault = self._take(leaf)
        if fault and not self.fault:
            self.fault = f"entry {self.size}: {fault}"
        self._entries[leaf.kind, leaf.reason] += 1
        self._counts[leaf.kind] += leaf.delta
        return self._edge.add(merkle.leaf_hash(leaf.line))

    def _take(self, leaf: Leaf) -> str:
        """Note what the entry adds or takes back; what is wrong with that."""
        code = _CODES[leaf.kind]
        self._standing.append(code if leaf.delta > 0 else 0)
        times = abs(leaf.delta) if leaf.kind == Kind.PAPER else 1
        if leaf.delta != _DELTAS[leaf.reason] * times:
            return WRONG_CHANGE
        taken = leaf.takes_back
        if leaf.delta > 0:
            return self._add(leaf) if taken is None else PLUS_TAKES_BACK
        if taken is None or not 0 <= taken < self.size or self._standing[taken] != code:
            return NOTHING_TAKEN_BACK
        batch = self._batches.pop(taken, None)
        if batch is not None and batch.delta != times:
            return NOTHING_TAKEN_BACK
        self._standing[taken] = 0
        return ""

    def _add(self, leaf: Leaf) -> str:
        """Note a batch on paper; a scan counts once at a time."""
        if leaf.kind != Kind.PAPER:
            return ""
        if any(batch.commitment == leaf.commitment for batch in self._batches.values()):
            return COUNTS_TWICE
        self._batches[self.size] = leaf
        return ""


@dataclass
class Counted:
    """What entries of one campaign add up to."""

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
        return moves_of(self.entries, kind)

    def count(self, kind: Kind) -> int:
        return self.tallies[kind][Dimension.TOTAL][""]

    def add(self, row: Row[Any]) -> None:
        """Add a row of `_CELLS`."""
        kind, moved = Kind(row.kind), int(row.moved)
        self.entries[kind, row.reason] += row.entries
        if row.pledge_text_id is not None:
            self.by_pledge[kind, row.pledge_text_id] += moved
        self.last = max(self.last, row.last)
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
    found = Counted()
    for row in _rows(connection, _CELLS_UP_TO, campaign_id=campaign_id, size=size):
        found.add(row)
    for row in connection.execute(_PLACES_UP_TO, {"campaign_id": campaign_id, "size": size}):
        found.move(row)
    return found


def counted_all(connection: Connection) -> dict[int, Counted]:
    """Add up every numbered entry, by campaign. `connection` must be in a transaction of its own."""
    found: dict[int, Counted] = defaultdict(Counted)
    for row in _rows(connection, _CELLS_OF_ALL):
        found[row.campaign_id].add(row)
    for row in connection.execute(_PLACES_OF_ALL):
        found[row.campaign_id].move(row)
    return dict(found)


def standing(connection: Connection, campaign_id: int, size: int, kind: Kind) -> dict[int, str]:
    """The subjects that the first `size` entries of a log count, with the hour (UTC) of the confirmation of each."""
    span = {"campaign_id": campaign_id, "size": size, "kind": kind}
    return {row.subject_id: row.hour for row in connection.execute(_STANDING, span)}


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
    """Where the ledger differs from what it counts; an empty list is right.

    `subjects`: an SQL query of campaign_id, country and region of every subject that is to be counted, and `times` how often.
    Without `by_place` country and region are NULL and only the sum is compared.
    """
    place = "country, region" if by_place else "NULL, NULL"
    query = text(_DIFFERENCES.format(subjects=subjects, place=place, kind=kind))
    return [
        Mismatch(row.campaign_id, kind, int(row.recorded), int(row.counted), int(row.places))
        for row in connection.execute(query)
    ]


def _rows(connection: Connection, query: TextClause, **values: int) -> Iterable[Row[Any]]:
    if connection.dialect.name == "postgresql":
        connection.execute(_MAKE_ROOM)
    return connection.execute(query, values)
