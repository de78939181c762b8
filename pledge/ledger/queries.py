"""Counts, breakdowns, the number of one person, and the lag of the fold."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, ScalarSelect, bindparam, case, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from pledge.core import clock
from pledge.core.db import fetch
from pledge.core.languages import Texts, fingerprint
from pledge.ledger.models import (
    Checkpoint,
    Dimension,
    Kind,
    LedgerDifference,
    LedgerEntry,
    LedgerHead,
    LedgerPlace,
    SetAside,
    Statement,
    StatementKind,
    Tally,
)

# Verbatim the predicates of their indexes.
_IS_PAPER = LedgerEntry.kind == text("'paper'")
_IS_STATEMENT = LedgerEntry.kind == text("'statement'")


@dataclass(frozen=True)
class Count:
    """People, organisations and signatures on paper are three numbers and are never added up."""

    people: int
    organizations: int
    as_of: datetime
    #: Size of the public log that adds up to these numbers; None while that log catches up after a migration.
    log_size: int | None = 0
    paper: int = 0


def count(campaign_id: int) -> Count:
    """The count of one campaign: one row read, whatever its size."""
    return counts([campaign_id])[campaign_id]


def counts(campaign_ids: Iterable[int]) -> dict[int, Count]:
    """The counts of several campaigns; one that nobody signed yet counts 0."""
    wanted = list(campaign_ids)
    as_of = clock.now()  # before the query: what it answers is at least as new
    rows = fetch(_COUNTS, {"wanted": wanted}).all()
    counts_by_campaign = {row[0]: Count(row[1], row[2], as_of, *row[3:]) for row in rows}
    return {campaign_id: counts_by_campaign.get(campaign_id) or Count(0, 0, as_of) for campaign_id in wanted}


def paper_column(campaign_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[int]:
    """How many signatures on paper the log of a campaign counts."""
    total = select(Tally.count).where(
        *(Tally.campaign_id == campaign_id, Tally.kind == Kind.PAPER),
        *(Tally.dimension == Dimension.TOTAL, Tally.key == ""),
    )
    return func.coalesce(total.scalar_subquery(), 0)


#: People, organizations, the size of the log that adds up to them, and paper, of a head that may be missing.
HEAD_COLUMNS = (
    func.coalesce(LedgerHead.people, 0),
    func.coalesce(LedgerHead.organizations, 0),
    case((LedgerHead.campaign_id.is_(None), 0), (LedgerHead.log_size == LedgerHead.size, LedgerHead.size)),
    paper_column(LedgerHead.campaign_id),
)

_COUNTS = select(LedgerHead.campaign_id, *HEAD_COLUMNS).where(
    LedgerHead.campaign_id.in_(bindparam("wanted", expanding=True))
)


def size_and_waiting(connection: Connection, campaign_id: int) -> tuple[int | None, int]:
    """The size of the log that adds up to the count, as in Count, and by how many people the entries that wait will move it."""
    sizes = connection.execute(_COUNTS, {"wanted": [campaign_id]}).all()
    is_waiting = LedgerEntry.waits(), LedgerEntry.campaign_id == campaign_id, LedgerEntry.kind == Kind.PERSON
    moved = connection.execute(select(func.coalesce(func.sum(LedgerEntry.delta), 0)).where(*is_waiting))
    return sizes[0][3] if sizes else 0, int(moved.scalar_one())


def number_of(signature_id: int) -> int | None:
    """The number of people when this one was last counted, for "you are number …". None until folded."""
    return fetch(_NUMBER, {"subject": signature_id}).scalar_one()


def number_column(subject_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ScalarSelect[int | None]:
    """The same as number_of(), for a query of these subjects."""
    return (
        select(LedgerEntry.count_after)
        .where(
            LedgerEntry.subject_id == subject_id,
            LedgerEntry.delta == 1,
            LedgerEntry.set_aside.is_(None),
        )
        .order_by(LedgerEntry.id.desc())
        .limit(1)
        .scalar_subquery()
    )


_NUMBER = select(number_column(bindparam("subject")))


def breakdown(campaign_id: int, dimension: Dimension, kind: Kind = Kind.PERSON) -> dict[str, int]:
    """The raw tallies of one dimension. Merge small cells before showing them."""
    return tallies(campaign_id, kind)[1][dimension]


def people_since(moment: datetime) -> Counter[int]:
    """How many people each campaign has gained since the hour of this moment, as folded."""
    hours = Tally.kind == Kind.PERSON, Tally.dimension == Dimension.HOUR, Tally.key >= f"{moment:%Y-%m-%dT%H}"
    rows = fetch(select(Tally.campaign_id, func.sum(Tally.count)).where(*hours).group_by(Tally.campaign_id))
    return Counter({campaign_id: int(people) for campaign_id, people in rows})


def tallies(campaign_id: int, kind: Kind = Kind.PERSON) -> tuple[int, dict[Dimension, dict[str, int]]]:
    """How many entries the tallies of a campaign and kind take in, and all of them: the parts add up to the total."""
    query = (
        select(Tally.dimension, Tally.key, Tally.count, LedgerHead.size)
        .join(LedgerHead, LedgerHead.campaign_id == Tally.campaign_id)
        .where(Tally.campaign_id == campaign_id, Tally.kind == kind)
    )
    size, counts = 0, {dimension: dict[str, int]() for dimension in Dimension}
    for dimension, key, number, size in fetch(query):  # noqa: B007  # the same in each row
        counts[Dimension(dimension)][key] = number
    return size, counts


def lag() -> float:
    """Age in seconds of the oldest entry that waits for the fold; 0 if none does."""
    query = select(LedgerEntry.occurred_at).where(LedgerEntry.waits()).order_by(LedgerEntry.id).limit(1)
    oldest = fetch(query).scalar_one_or_none()
    return 0.0 if oldest is None else max(0.0, (clock.now() - oldest).total_seconds())


def waiting_entries() -> int:
    """How many entries wait for the fold."""
    query = select(func.count()).select_from(LedgerEntry).where(LedgerEntry.waits())
    return fetch(query).scalar_one()


@dataclass(frozen=True)
class PaperEntry:
    """An entry that counts a batch on paper now."""

    index: int  #: in the log, from 0 on
    batch_id: int
    signatures: int
    scan_sha256: bytes


def paper_entries(campaign_id: int, size: int | None = None) -> list[PaperEntry]:
    """The batches on paper that the public log of a campaign counts now, or did at a size, in its order."""
    entry = LedgerEntry
    query = (
        select(entry.number, entry.subject_id, entry.delta, entry.commitment, entry.takes_back)
        .join(LedgerHead, LedgerHead.campaign_id == entry.campaign_id)
        .where(entry.campaign_id == campaign_id, _IS_PAPER)
        .where(entry.number <= func.coalesce(size, LedgerHead.log_size))
        .order_by(entry.number)
    )
    entries: dict[int, PaperEntry] = {}
    for row in fetch(query):
        if row.delta > 0:
            entries[row.number - 1] = PaperEntry(
                row.number - 1, row.subject_id, row.delta, bytes(row.commitment)
            )
        else:
            entries.pop(row.takes_back, None)
    return list(entries.values())


@dataclass(frozen=True)
class StatementEntry:
    """Words that the public log has the hash of."""

    index: int  #: in the log, from 0 on
    kind: StatementKind
    about: int  #: as in Statement
    words: Texts | None  #: None where they are not told
    sha256: str  #: in hex
    said_at: datetime


def statements(
    campaign_id: int, kind: StatementKind | None = None, about: int | None = None
) -> list[StatementEntry]:
    """What was said in a campaign, or of that kind about one thing, as far as the published log has it, in its order."""
    query = (
        select(
            *(LedgerEntry.number, Statement.kind, Statement.about),
            *(Statement.words, Statement.sha256, Statement.said_at),
        )
        .join(Statement, Statement.id == LedgerEntry.subject_id)
        .join(LedgerHead, LedgerHead.campaign_id == LedgerEntry.campaign_id)
        .where(LedgerEntry.campaign_id == campaign_id, _IS_STATEMENT)
        .where(LedgerEntry.number <= LedgerHead.log_size)
        .order_by(LedgerEntry.number)
    )
    if kind is not None:
        query = query.where(Statement.kind == kind, Statement.about == about)
    return [
        StatementEntry(
            row.number - 1,
            StatementKind(row.kind),
            row.about,
            row.words,
            bytes(row.sha256).hex(),
            row.said_at,
        )
        for row in fetch(query)
    ]


def public_statements(campaign_id: int) -> list[StatementEntry]:
    """As `statements`, but without the words of letters: whoever wrote one wrote it to its recipient, who has them."""
    return [
        replace(statement, words=None) if statement.kind is StatementKind.LETTER else statement
        for statement in statements(campaign_id)
    ]


def changed_statements(connection: Connection) -> list[tuple[int, str]]:
    """The number of the campaign, and what is wrong, for each statement that is no longer what its entry says."""
    entries = select(LedgerEntry.subject_id, LedgerEntry.campaign_id, LedgerEntry.commitment)
    counted = connection.execute(entries.where(_IS_STATEMENT, LedgerEntry.set_aside.is_(None)))
    hashes = {row.subject_id: row for row in counted}
    stated = {row.id: row for row in connection.execute(select(Statement.__table__))}
    wrong = []
    for number in sorted(hashes.keys() | stated.keys()):
        entry, statement = hashes.get(number), stated.get(number)
        if statement is None or entry is None:
            (left,) = (row for row in (entry, statement) if row is not None)
            gone = "words" if statement is None else "entry"
            wrong.append((left.campaign_id, f"statement {number} has no {gone} any more"))
        elif fingerprint(statement.words) != bytes(entry.commitment):
            wrong.append((entry.campaign_id, f"the words of statement {number} were changed"))
    return wrong


@dataclass(frozen=True)
class LogState:
    """The end of a campaign's log, and its published part."""

    campaign_id: int
    size: int
    people: int
    organizations: int
    batches: int  #: on paper
    statements: int
    signed_size: int  #: that of the newest checkpoint; 0 when there is none
    signed_at: datetime | None

    @property
    def additions(self) -> int:
        """Number of entries that add something, derived of those that change a number: (their size + sum) / 2."""
        return (self.size - self.statements + self.people + self.organizations + self.batches) // 2

    @property
    def removals(self) -> int:
        return self.size - self.statements - self.additions


def log_states() -> list[LogState]:
    """The state of every log, by campaign; each costs one row and two ends of an index, whatever its size."""
    head, newest = LedgerHead, {}
    for name in ("size", "signed_at"):
        newest[name] = (
            select(func.max(getattr(Checkpoint, name)))
            .where(Checkpoint.campaign_id == head.campaign_id)
            .scalar_subquery()
        )
    batches = select(func.coalesce(func.sum(case((LedgerEntry.delta > 0, 1), else_=-1)), 0)).where(
        LedgerEntry.campaign_id == head.campaign_id, _IS_PAPER, LedgerEntry.number.is_not(None)
    )
    statements = select(func.count()).where(
        LedgerEntry.campaign_id == head.campaign_id, _IS_STATEMENT, LedgerEntry.number.is_not(None)
    )
    query = select(
        *(head.campaign_id, head.size, head.people, head.organizations),
        *(batches.scalar_subquery(), statements.scalar_subquery()),
        *(func.coalesce(newest["size"], 0), newest["signed_at"]),
    ).order_by(head.campaign_id)
    return [LogState(*row) for row in fetch(query)]


@dataclass(frozen=True)
class SetAsideEntries:
    """Rows of a campaign that were set aside for one reason."""

    campaign_id: int
    table: str  #: ledger_entries, or ledger_places: corrections of where somebody lives
    why: SetAside
    entries: int
    first: int  #: numbers of rows of that table
    last: int


def set_aside(campaign_id: int | None = None) -> list[SetAsideEntries]:
    """Entries set aside in a campaign or in all, by reason, dismissed ones included."""
    entries = []
    for table in (LedgerEntry, LedgerPlace):
        about = table.campaign_id, table.set_aside
        query = (
            select(*about, func.count(), func.min(table.id), func.max(table.id))
            .where(table.set_aside.is_not(None))  # verbatim the predicate of its index
            .group_by(*about)
            .order_by(*about)
        )
        if campaign_id is not None:
            query = query.where(table.campaign_id == campaign_id)
        entries += [
            SetAsideEntries(number, table.__tablename__, SetAside(str(why)), *rows)
            for number, why, *rows in fetch(query)
        ]
    return entries


def set_aside_counts(campaign_id: int | None = None) -> dict[int, int]:
    """The entries and corrections of places that are set aside and not dismissed, by campaign."""
    counts: Counter[int] = Counter()
    for rows in set_aside(campaign_id):
        if rows.why is not SetAside.DISMISSED:
            counts[rows.campaign_id] += rows.entries
    return dict(sorted(counts.items()))


def differences() -> list[tuple[int, str]]:
    """What the worker's last comparison found to differ, by the number of the campaign (diagnosis/contents.py)."""
    query = select(LedgerDifference.campaign_id, LedgerDifference.what).order_by(LedgerDifference.id)
    return [(row.campaign_id, row.what) for row in fetch(query)]
