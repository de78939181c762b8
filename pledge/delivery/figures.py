"""The figures of a campaign as tables show them: taken now (`flask totals`) or frozen in a delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pledge.delivery import words
from pledge.delivery.cells import SMALLEST
from pledge.delivery.document import Cell, Document, State, Words
from pledge.delivery.queries import Line, Totals

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Figures:
    slug: str
    title: Words
    as_of: datetime
    people: int
    organizations: int
    smallest_shown: int
    by_country: list[Cell]
    by_region: list[Cell]
    by_day: list[Cell]
    #: None for figures that no checkpoint stands behind.
    checkpoint: State | None = None


@dataclass(frozen=True)
class Section:
    """One breakdown, as the formats name it."""

    name: str
    sheet: str
    words: Words
    cells: Callable[[Figures], list[Cell]]


SECTIONS = (
    Section("country", "by country", words.COUNTRY, lambda figures: figures.by_country),
    Section("region", "by region", words.REGION, lambda figures: figures.by_region),
    Section("day", "by day", words.DAY, lambda figures: figures.by_day),
)


def of_totals(totals: Totals) -> Figures:
    return Figures(
        slug=totals.slug,
        title=Words(totals.title_ko, totals.title_en),
        as_of=totals.as_of,
        people=totals.people,
        organizations=totals.organizations,
        smallest_shown=SMALLEST,
        by_country=_cells(totals.by_country),
        by_region=_cells(totals.by_region),
        by_day=_cells(totals.by_day),
    )


def of_document(document: Document) -> Figures:
    """They are as of the moment when the checkpoint was signed."""
    return Figures(
        slug=document.slug,
        title=document.title,
        as_of=moment(document.checkpoint.signed_at),
        people=document.checkpoint.people,
        organizations=document.checkpoint.organizations,
        smallest_shown=document.smallest_shown,
        by_country=document.by_country,
        by_region=document.by_region,
        by_day=document.by_day,
        checkpoint=document.checkpoint,
    )


def utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime(_MOMENT)


def moment(text: str) -> datetime:
    """The moment that a document writes as `2026-11-24T05:00:00Z`. Raises ValueError for another form."""
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def _cells(lines: list[Line]) -> list[Cell]:
    return [Cell(line.key, Words(line.ko, line.en), line.people) for line in lines]
