"""The growth of a campaign by Korean days or weeks, for staff.

Nothing is merged here: the times reveal no more than the public count does to anybody who writes it down each day.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from pledge.core import clock
from pledge.core.i18n import SEOUL
from pledge.ledger import queries as ledger
from pledge.ledger.models import Dimension, Kind


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"  #: Monday to Sunday


#: How many steps are shown.
SHOWN = {Step.DAY: 30, Step.WEEK: 26}
#: A young campaign begins with its first signature, but a chart of one point shows nothing.
MIN_POINTS = 7


@dataclass(frozen=True)
class Point:
    """One day or week."""

    begins: date
    moved: int  #: added minus withdrawn or invalidated
    total: int  #: at its end, or now


def growth(campaign_id: int, kind: Kind, step: Step) -> list[Point]:
    """The newest days or weeks, oldest first, up to today. Reads one row for each hour with a change."""
    moved = _moved(ledger.breakdown(campaign_id, Dimension.HOUR, kind), step)
    last = _begin(clock.now().astimezone(SEOUL).date(), step)
    width = timedelta(days=7 if step is Step.WEEK else 1)
    begins = [last - width * back for back in reversed(range(SHOWN[step]))]
    total = sum(number for day, number in moved.items() if day < begins[0])
    points = []
    for day in begins:
        total += moved[day]
        points.append(Point(day, moved[day], total))
    first = next((place for place, point in enumerate(points) if point.moved or point.total), len(points))
    return points[min(first, len(points) - MIN_POINTS) :]


def _moved(hours: Mapping[str, int], step: Step) -> Counter[date]:
    """An hour of UTC is within one Korean day, as Korea is at +9 all year."""
    moved: Counter[date] = Counter()
    for hour, number in hours.items():
        moment = datetime.strptime(f"{hour}+0000", "%Y-%m-%dT%H%z").astimezone(SEOUL)
        moved[_begin(moment.date(), step)] += number
    return moved


def _begin(day: date, step: Step) -> date:
    return day - timedelta(days=day.weekday()) if step is Step.WEEK else day
