"""The people of a campaign by country, region and day: small cells merged, in every language."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from pledge.core import countries, languages
from pledge.core.i18n import SEOUL, format_date
from pledge.core.languages import Texts
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Dimension
from pledge.statistics import labels
from pledge.statistics.cells import Cell, merge_small

#: A long campaign has a tally for each of thousands of hours, and they are read again each second.
_day_of = lru_cache(maxsize=1 << 15)(korean_day)

OTHER = "other"
#: People without a Korean region: living elsewhere, or no region given.
NO_REGION = "none"


@dataclass(frozen=True)
class Breakdowns:
    """The same people, broken down in three ways; the lines of each add up to all of them."""

    by_country: list[Cell]
    by_region: list[Cell]
    by_day: list[Cell]


def breakdowns(tallies: Mapping[Dimension, Mapping[str, int]]) -> Breakdowns:
    """The lines of these tallies with small cells merged: the same on the page, in the API and in deliveries."""
    people = tallies[Dimension.TOTAL].get("", 0)
    by_country = tallies[Dimension.COUNTRY]
    abroad = people - by_country.get(countries.HOME, 0)
    by_region = _regions(tallies[Dimension.REGION], people, abroad)
    shown = {line.key: line.people for line in by_region}
    # Beside the line of those without a region, "other" holds regions alone.
    at_home = (
        people - shown[NO_REGION]
        if NO_REGION in shown
        else sum(number for key, number in shown.items() if key in countries.REGIONS)
    )
    # Known by the lines by region, so they can hide nobody (cells.py).
    known = {countries.HOME: at_home} if countries.HOME in by_country else {}
    largest_first = sorted(by_country.items(), key=lambda cell: (-cell[1], cell[0]))
    return Breakdowns(
        by_country=_lines(largest_first, country_cell, known),
        by_region=by_region,
        # Confirmed minus withdrawn, by Korean day.
        by_day=_lines(sorted(by_korean_day(tallies[Dimension.HOUR]).items()), _day_cell),
    )


def _regions(tallies: Mapping[str, int], people: int, abroad: int) -> list[Cell]:
    """Lines in the official order. Those without a region are a line too, so that the lines add up to the total.

    How many of these live abroad is known from the countries, so it can hide nobody (cells.py).
    """
    order = [*countries.REGIONS, *sorted(tallies.keys() - countries.REGIONS.keys())]
    cells = [(code, tallies[code]) for code in order if code in tallies]
    nowhere = (NO_REGION, people - sum(tallies.values()))
    return _lines([*cells, nowhere], region_cell, {NO_REGION: abroad})


def by_korean_day(hours: Mapping[str, int]) -> dict[str, int]:
    """The sums of the hours of each day in Korea: `{"2026-11-24": 7}`."""
    days: Counter[str] = Counter()
    for hour, number in hours.items():
        days[_day_of(hour)] += number
    return dict(days)


def _lines(
    cells: Iterable[tuple[str, int]],
    cell: Callable[[str, int], Cell],
    known: Mapping[str, int] | None = None,
) -> list[Cell]:
    """The cells that may be shown, in the given order, and what was merged at the end."""
    breakdown = merge_small(dict(cells), known=known or {})
    lines = [cell(key, people) for key, people in breakdown.shown.items()]
    return lines if breakdown.other is None else [*lines, _other_cell(breakdown.other)]


def country_cell(code: str, people: int) -> Cell:
    """The line of a country, or of those that were merged."""
    if code == OTHER:
        return _other_cell(people)
    return Cell(code, Texts({lang: countries.country_name(code, lang) for lang in languages.codes()}), people)


def region_cell(code: str, people: int) -> Cell:
    """The line of a region, of people without one, or of those that were merged."""
    if code == OTHER:
        return _other_cell(people)
    if code == NO_REGION:
        return Cell(code, labels.NO_REGION.in_each(), people)
    return Cell(code, Texts({lang: countries.region_name(code, lang) for lang in languages.codes()}), people)


def _day_cell(day: str, people: int) -> Cell:
    return Cell(day, Texts({lang: _day_name(day, lang) for lang in languages.codes()}), people)


def _other_cell(people: int) -> Cell:
    return Cell(OTHER, labels.OTHER.in_each(), people)


@lru_cache(maxsize=8192)
def _day_name(day: str, lang: str) -> str:
    return format_date(datetime.combine(date.fromisoformat(day), time(), SEOUL), lang)
