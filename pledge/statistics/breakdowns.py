"""The totals of a campaign as staff take them out: small cells merged, both languages, one moment in time."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from sqlalchemy import select

from pledge.campaigns.models import Campaign, CampaignText
from pledge.core import clock
from pledge.core import countries as places
from pledge.core.db import reading
from pledge.core.i18n import SEOUL, format_date
from pledge.ledger import queries as ledger
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Dimension
from pledge.statistics.cells import merge_small

#: A long campaign has a tally for each of thousands of hours, and they are read again each second.
_day_of = lru_cache(maxsize=1 << 15)(korean_day)

OTHER = "other"
#: People without a Korean region: living elsewhere, or no region given.
NO_REGION = "none"

_OTHER_WORDS = ("기타", "Other")
_NO_REGION_WORDS = ("해외 또는 지역 미기재", "Outside Korea or no region given")


class UnknownCampaign(LookupError):
    """No campaign has this slug."""


Words = tuple[str, str]  #: Korean and English


@dataclass(frozen=True)
class BreakdownLine:
    """One line of a breakdown."""

    key: str
    ko: str
    en: str
    people: int


@dataclass(frozen=True)
class Breakdowns:
    """The same people, broken down in three ways; the lines of each add up to all of them."""

    by_country: list[BreakdownLine]
    by_region: list[BreakdownLine]
    by_day: list[BreakdownLine]


@dataclass(frozen=True)
class CampaignTotals:
    slug: str
    title_ko: str
    title_en: str
    people: int
    organizations: int
    as_of: datetime
    by_country: list[BreakdownLine]
    by_region: list[BreakdownLine]
    by_day: list[BreakdownLine]


def totals(slug: str) -> CampaignTotals:
    """All counts of a campaign. Raises UnknownCampaign."""
    campaign_id, titles = _campaign(slug)
    as_of = clock.now()
    tallies = ledger.tallies(campaign_id)
    lines = breakdowns(tallies)
    return CampaignTotals(
        slug=slug,
        title_ko=titles.get("ko", slug),
        title_en=titles.get("en", slug),
        people=tallies[Dimension.TOTAL].get("", 0),
        organizations=ledger.count(campaign_id).organizations,
        as_of=as_of,
        by_country=lines.by_country,
        by_region=lines.by_region,
        by_day=lines.by_day,
    )


def breakdowns(tallies: Mapping[Dimension, Mapping[str, int]]) -> Breakdowns:
    """The lines of these tallies with small cells merged: the same on the page, in the API and in deliveries."""
    people = tallies[Dimension.TOTAL].get("", 0)
    countries = tallies[Dimension.COUNTRY]
    abroad = people - countries.get(places.HOME, 0)
    return Breakdowns(
        by_country=_countries(countries),
        by_region=_regions(tallies[Dimension.REGION], people, abroad),
        by_day=_days(tallies[Dimension.HOUR]),
    )


def _campaign(slug: str) -> tuple[int, dict[str, str]]:
    query = (
        select(Campaign.id, CampaignText.lang, CampaignText.title)
        .outerjoin(CampaignText, CampaignText.campaign_id == Campaign.id)
        .where(Campaign.slug == slug)
    )
    with reading() as connection:
        rows = connection.execute(query).all()
    if not rows:
        raise UnknownCampaign(slug)
    return rows[0].id, {row.lang: row.title for row in rows if row.lang}


def _countries(tallies: Mapping[str, int]) -> list[BreakdownLine]:
    """The country with the most people first."""
    falling = sorted(tallies.items(), key=lambda cell: (-cell[1], cell[0]))
    return _lines(falling, _country_words)


def _regions(tallies: Mapping[str, int], people: int, abroad: int) -> list[BreakdownLine]:
    """In the official order. Those without a region are a line too, so that the lines add up to the total.

    How many of these live abroad is known from the countries, so it can hide nobody (cells.py).
    """
    order = [*places.REGIONS, *sorted(tallies.keys() - places.REGIONS.keys())]
    cells = [(code, tallies[code]) for code in order if code in tallies]
    nowhere = (NO_REGION, people - sum(tallies.values()))
    return _lines([*cells, nowhere], _region_words, {NO_REGION: abroad})


def _days(hours: Mapping[str, int]) -> list[BreakdownLine]:
    """Korean days: who confirmed minus who withdrew."""
    return _lines(sorted(by_korean_day(hours).items()), _day_words)


def by_korean_day(hours: Mapping[str, int]) -> dict[str, int]:
    """The sums of the hours of each day in Korea: `{"2026-11-24": 7}`."""
    days: Counter[str] = Counter()
    for hour, number in hours.items():
        days[_day_of(hour)] += number
    return dict(days)


def _lines(
    cells: Iterable[tuple[str, int]], words: Callable[[str], Words], known: Mapping[str, int] | None = None
) -> list[BreakdownLine]:
    """The cells that may be shown, in the given order, and what was merged at the end."""
    breakdown = merge_small(dict(cells), known=known or {})
    lines = [BreakdownLine(key, *words(key), people) for key, people in breakdown.shown.items()]
    return (
        lines if breakdown.other is None else [*lines, BreakdownLine(OTHER, *_OTHER_WORDS, breakdown.other)]
    )


def _country_words(code: str) -> Words:
    return places.country_name(code, "ko"), places.country_name(code, "en")


def _region_words(code: str) -> Words:
    if code == NO_REGION:
        return _NO_REGION_WORDS
    return places.region_name(code, "ko"), places.region_name(code, "en")


@lru_cache(maxsize=4096)
def _day_words(day: str) -> Words:
    midnight = datetime.combine(date.fromisoformat(day), time(), SEOUL)
    return format_date(midnight, "ko"), format_date(midnight, "en")
