"""The growth of a campaign by Korean days: the public history, the same on the page, in the API and in packs; and for staff.

People of small days are merged (cells.py), so a picture of the growth must not reveal what its table hides. It is therefore
drawn from the lines of the table only: the people of merged days are spread evenly over the days without a line of their
own. Organisations are public by name; their days are not merged. For staff nothing is merged: the times reveal no more than
the public count does to anybody who writes it down each day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from pledge.core import clock
from pledge.core.db import fetch
from pledge.core.i18n import SEOUL
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Checkpoint, Dimension, Kind, Tally
from pledge.statistics.breakdowns import OTHER, by_korean_day
from pledge.statistics.cells import Cell
from pledge.statistics.totals import Totals, campaign_facts, totals_at

#: Widths of a step in days, and how many steps fit on a phone.
STEPS = (1, 7, 28)
MAX_STEPS = 62
#: A young campaign begins with its first signature, but a chart of one point shows nothing.
MIN_POINTS = 7
#: How often totals and checkpoint are read until they agree: a fold may come between. Where no checkpoint follows a fold, as
#: no key is at hand, reading again is no use.
TRIES = 2


@dataclass(frozen=True)
class Point:
    """One day or week."""

    begins: date
    moved: int  #: added minus withdrawn or invalidated
    total: int  #: at its end, or now


@dataclass(frozen=True)
class Day:
    """What a Korean day added: confirmations minus withdrawals."""

    day: date
    people: int | None  #: None: nobody, or too few to be told
    organizations: int


@dataclass(frozen=True)
class History:
    """The days with a number to show, oldest first; `merged`: people of all other days, None when there are none."""

    days: list[Day]
    merged: int | None
    begins: date | None  #: the first and the last day on which anything moved; None when nothing ever did
    ends: date | None


@dataclass(frozen=True)
class Progress:
    """Totals, history, and the checkpoint of the public log that adds up to them."""

    totals: Totals
    history: History
    checkpoint: Checkpoint | None  #: the newest one; None before the first

    @property
    def log_size(self) -> int | None:
        """The size of the log that adds up to exactly these totals; None when there is no checkpoint of it (yet)."""
        return (
            self.checkpoint.size
            if self.checkpoint is not None and _agree(self.totals, self.checkpoint)
            else None
        )


def progress(slug: str) -> Progress:
    """Read totals, history and checkpoint so that they belong together. Raises UnknownCampaign."""
    campaign = campaign_facts(slug)
    for _ in range(TRIES):
        totals = totals_at(campaign)
        checkpoint = log_queries.newest(campaign.id)
        if checkpoint is None or _agree(totals, checkpoint):
            break
    return Progress(totals, history(campaign.id, totals.by_day), checkpoint)


def history(campaign_id: int, by_day: list[Cell]) -> History:
    """Join the lines of `totals()` and the days of the organisations."""
    people = {date.fromisoformat(line.key): line.people for line in by_day if line.key != OTHER}
    hours = ledger.breakdown(campaign_id, Dimension.HOUR, Kind.ORGANIZATION)
    organizations = {
        date.fromisoformat(day): moved for day, moved in by_korean_day(hours).items() if moved != 0
    }
    query = select(func.min(Tally.key), func.max(Tally.key)).where(
        Tally.campaign_id == campaign_id,
        Tally.kind.in_((Kind.PERSON, Kind.ORGANIZATION)),
        Tally.dimension == Dimension.HOUR,
    )
    begins, ends = (date.fromisoformat(korean_day(hour)) if hour else None for hour in fetch(query).one())
    return History(
        days=[
            Day(day, people.get(day), organizations.get(day, 0))
            for day in sorted(people.keys() | organizations.keys())
        ],
        merged=next((line.people for line in by_day if line.key == OTHER), None),
        begins=begins,
        ends=ends,
    )


def step_of(history: History, opened: date | None = None) -> int:
    """Days, weeks or four weeks: the smallest width at which the whole campaign fits on a phone."""
    days = _number_of_days(history, opened)
    return next((step for step in STEPS if -(-days // step) <= MAX_STEPS), STEPS[-1])


def people_points(history: History, opened: date | None = None) -> list[Point]:
    """The growth of people; days with a number show it, and the total includes the merged ones.

    `opened`: the day from which one could sign, where the picture begins when it is before the first entry.
    """
    added = {day.day: day.people for day in history.days if day.people is not None}
    return _drawn(history, added, opened)  # one merged number has no shape


def organization_points(history: History, opened: date | None = None) -> list[Point]:
    added = {day.day: day.organizations for day in history.days if day.organizations}
    return _drawn(replace(history, merged=None), added, opened)


def _drawn(history: History, added: Mapping[date, int], opened: date | None) -> list[Point]:
    """One point for each step, up to the last day; merged people are spread over the days that are not `added`."""
    if history.begins is None or history.ends is None or not added:
        return []
    silent = {
        history.begins + timedelta(days=place) for place in range(_number_of_days(history))
    } - added.keys()
    rise = dict.fromkeys(silent, (history.merged or 0) / (len(silent) or 1))
    step = step_of(history, opened)
    steps = max(MIN_POINTS, -(-_number_of_days(history, opened) // step))
    return _points(history.ends - timedelta(days=steps * step - 1), step, steps, added, rise)


def _points(
    begin: date, step: int, steps: int, added: Mapping[date, int], rise: Mapping[date, float]
) -> list[Point]:
    """So many points, each a step of days long; the total includes what was added before, and `rise`, which has no column."""
    total, points = float(sum(moved for day, moved in added.items() if day < begin)), []
    for number in range(steps):
        begins = begin + timedelta(days=number * step)
        days = [begins + timedelta(days=place) for place in range(step)]
        moved = sum(added.get(day, 0) for day in days)
        total += moved + sum(rise.get(day, 0.0) for day in days)
        points.append(Point(begins, moved, round(total)))
    return points


def days_reached(campaign_id: int, steps: Sequence[int]) -> dict[int, date]:
    """The Korean day on which each of these numbers of people was first reached, rising; unreached ones are left out."""
    days: dict[int, date] = {}
    waiting, total = list(steps), 0
    hours = ledger.breakdown(campaign_id, Dimension.HOUR) if steps else {}
    for day, moved in sorted(by_korean_day(hours).items()):
        total += moved
        while waiting and waiting[0] <= total:
            days[waiting.pop(0)] = date.fromisoformat(day)
    return days


def _number_of_days(history: History, opened: date | None = None) -> int:
    if history.begins is None or history.ends is None:
        return 0
    return (history.ends - min(history.begins, opened or history.begins)).days + 1


def _agree(totals: Totals, checkpoint: Checkpoint) -> bool:
    return (totals.people, totals.organizations) == (checkpoint.people, checkpoint.organizations)


# --- For staff ---


class Interval(StrEnum):
    DAY = "day"
    WEEK = "week"  #: Monday to Sunday


#: How many steps are shown, and how many days each has.
SHOWN = {Interval.DAY: 30, Interval.WEEK: 26}
DAYS = {Interval.DAY: 1, Interval.WEEK: 7}


def growth(campaign_id: int, kind: Kind, interval: Interval) -> list[Point]:
    """The newest days or weeks, oldest first, up to today. Reads one row for each hour with a change."""
    hours = ledger.breakdown(campaign_id, Dimension.HOUR, kind)
    added = {date.fromisoformat(day): moved for day, moved in by_korean_day(hours).items()}
    today = clock.now().astimezone(SEOUL).date()
    last = today - timedelta(days=today.weekday()) if interval is Interval.WEEK else today
    begin = last - timedelta(days=DAYS[interval] * (SHOWN[interval] - 1))
    points = _points(begin, DAYS[interval], SHOWN[interval], added, {})
    first = next((place for place, point in enumerate(points) if point.moved or point.total), len(points))
    return points[min(first, len(points) - MIN_POINTS) :]
