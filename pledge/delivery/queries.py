"""The totals of a campaign as staff take them out: small cells merged, both languages, one moment in time."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select

from pledge import clock, places
from pledge.campaigns.models import Campaign, CampaignText
from pledge.db import reading
from pledge.delivery.cells import merge_small
from pledge.i18n import SEOUL, format_date
from pledge.ledger import queries as ledger
from pledge.ledger.models import Dimension

OTHER = "other"
#: People without a Korean region: who live elsewhere, or gave none.
NO_REGION = "none"

_OTHER_WORDS = ("기타", "Other")
_NO_REGION_WORDS = ("해외 또는 지역 미기재", "Outside Korea or no region given")


class UnknownCampaign(LookupError):
    """No campaign has this slug."""


Words = tuple[str, str]  #: Korean and English


@dataclass(frozen=True)
class Line:
    """One line of a breakdown."""

    key: str
    ko: str
    en: str
    people: int


@dataclass(frozen=True)
class Totals:
    slug: str
    title_ko: str
    title_en: str
    people: int
    organizations: int
    as_of: datetime
    by_country: list[Line]
    by_region: list[Line]
    by_day: list[Line]


def totals(slug: str) -> Totals:
    """Everything that is counted for a campaign. Raises UnknownCampaign."""
    campaign_id, titles = _campaign(slug)
    as_of = clock.now()
    tallies = ledger.tallies(campaign_id)
    people = tallies[Dimension.TOTAL].get("", 0)
    return Totals(
        slug=slug,
        title_ko=titles.get("ko", slug),
        title_en=titles.get("en", slug),
        people=people,
        organizations=ledger.count(campaign_id).organizations,
        as_of=as_of,
        by_country=_countries(tallies[Dimension.COUNTRY]),
        by_region=_regions(tallies[Dimension.REGION], people),
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


def _countries(tallies: Mapping[str, int]) -> list[Line]:
    """The country with the most people first."""
    falling = sorted(tallies.items(), key=lambda cell: (-cell[1], cell[0]))
    return _lines(falling, _country_words)


def _regions(tallies: Mapping[str, int], people: int) -> list[Line]:
    """In the official order. Those without a region are a line too, so that the lines add up to the total."""
    order = [*places.REGIONS, *sorted(tallies.keys() - places.REGIONS.keys())]
    cells = [(code, tallies[code]) for code in order if code in tallies]
    return _lines([*cells, (NO_REGION, people - sum(tallies.values()))], _region_words)


def _days(hours: Mapping[str, int]) -> list[Line]:
    """Korean days: who confirmed minus who withdrew. An hour of UTC lies in one Korean day, as Korea is +9 all year."""
    days: Counter[str] = Counter()
    for hour, people in hours.items():
        moment = datetime.strptime(f"{hour}+0000", "%Y-%m-%dT%H%z")
        days[moment.astimezone(SEOUL).date().isoformat()] += people
    return _lines(sorted(days.items()), _day_words)


def _lines(cells: Iterable[tuple[str, int]], words: Callable[[str], Words]) -> list[Line]:
    """The cells that may be shown, in the given order, and what was merged at the end."""
    breakdown = merge_small(dict(cells))
    lines = [Line(key, *words(key), people) for key, people in breakdown.shown.items()]
    return lines if breakdown.other is None else [*lines, Line(OTHER, *_OTHER_WORDS, breakdown.other)]


def _country_words(code: str) -> Words:
    return places.country_name(code, "ko"), places.country_name(code, "en")


def _region_words(code: str) -> Words:
    if code == NO_REGION:
        return _NO_REGION_WORDS
    return places.region_name(code, "ko"), places.region_name(code, "en")


def _day_words(day: str) -> Words:
    midnight = datetime.combine(date.fromisoformat(day), time(), SEOUL)
    return format_date(midnight, "ko"), format_date(midnight, "en")
