"""The figures of a campaign as tables show them: current ones (`flask totals`) or those frozen in a delivery."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pledge.core import languages
from pledge.core.clock import from_iso_utc
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts
from pledge.deliveries.document import Document, FrozenCheckpoint
from pledge.statistics import labels
from pledge.statistics.breakdowns import CampaignTotals
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.values import Cell


@dataclass(frozen=True)
class Figures:
    slug: str
    languages: Sequence[str]  #: of the tables, in the order of their columns
    title: Texts
    as_of: datetime
    people: int
    organizations: int
    smallest_shown: int
    by_country: list[Cell]
    by_region: list[Cell]
    by_day: list[Cell]
    #: None for figures that belong to no checkpoint.
    checkpoint: FrozenCheckpoint | None = None
    #: In a delivery: organisations that are counted but no longer named.
    unnamed_organizations: int = 0


@dataclass(frozen=True)
class Section:
    """One breakdown, with its name in each format."""

    name: str
    sheet: Phrase
    words: Phrase
    cells: Callable[[Figures], list[Cell]]


SECTIONS = (
    Section("country", labels.BY_COUNTRY, labels.COUNTRY, lambda figures: figures.by_country),
    Section("region", labels.BY_REGION, labels.REGION, lambda figures: figures.by_region),
    Section("day", labels.BY_DAY, labels.DAY, lambda figures: figures.by_day),
)


def of_totals(totals: CampaignTotals) -> Figures:
    return Figures(
        slug=totals.slug,
        languages=languages.codes(),
        title=totals.title,
        as_of=totals.as_of,
        people=totals.people,
        organizations=totals.organizations,
        smallest_shown=MIN_CELL,
        by_country=totals.by_country,
        by_region=totals.by_region,
        by_day=totals.by_day,
    )


def of_document(document: Document) -> Figures:
    """Figures as of the moment when the checkpoint was signed."""
    return Figures(
        slug=document.slug,
        languages=document.languages,
        title=document.title,
        as_of=from_iso_utc(document.checkpoint.signed_at),
        people=document.checkpoint.people,
        organizations=document.checkpoint.organizations,
        smallest_shown=document.smallest_shown,
        by_country=document.by_country,
        by_region=document.by_region,
        by_day=document.by_day,
        checkpoint=document.checkpoint,
        unnamed_organizations=document.unnamed_organizations,
    )


def share(people: int, figures: Figures) -> float:
    """The share of all people, from 0 to 1."""
    return people / figures.people if figures.people else 0.0


def percent(people: int, figures: Figures) -> float:
    """The share in percent, to one decimal place."""
    return round(100 * share(people, figures), 1)


def seoul(instant: datetime) -> str:
    """A moment in Seoul's time, as people in Korea write it."""
    return f"{instant.astimezone(SEOUL):%Y-%m-%d %H:%M:%S} KST"
