"""The geometry of the charts of growth and of the map: numbers in, coordinates and shades out, which components draw as SVG.

The chart: two panels over one axis of time, the total as a line, what was added as columns. No chart library, since ours
draw with fixed colours and fonts, which neither dark mode nor the reader's own settings would reach (docs/adr/0015).

The map of the 17 provinces and metropolitan cities is made from rates that may be shown. Whether a region without a rate has
nobody or too few is not told: both look the same. maps/README.md says where the outlines come from.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import count
from math import ceil, floor
from pathlib import Path
from typing import Any

from pledge.statistics.history import Point
from pledge.statistics.rates import Rate

WIDTH, HEIGHT = 360.0, 250.0
LEFT, RIGHT, TOP = 58.0, 12.0, 14.0
LINE_PANEL, GAP, COLUMN_PANEL = 120.0, 24.0, 62.0
BOTTOM = TOP + LINE_PANEL + GAP + COLUMN_PANEL
#: Labels that fit under the axis of time.
MAX_DATES = 4
#: Lines across a panel.
MAX_STEPS = 3
#: What happened less than so far apart has one mark.
MARK_WIDTH = 20.0

MAP = Path(__file__).parent / "maps" / "south_korea.json"
#: How many shades there are; more are hard to tell apart.
SHADES = 5


@dataclass(frozen=True)
class Tick:
    at: float
    value: int


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class EventNumbers:
    """What happened here: these numbers of a list below the chart."""

    x: float
    first: int
    last: int


@dataclass(frozen=True)
class Chart:
    line: list[tuple[float, float]]
    line_ticks: list[Tick]
    columns: list[Bar]
    column_ticks: list[Tick]
    zero: float  #: where the columns begin
    dates: list[tuple[float, Point]]
    events: list[EventNumbers] = field(default_factory=list)
    top: float = TOP
    right: float = WIDTH - RIGHT
    left: float = LEFT
    bottom: float = BOTTOM

    @property
    def path(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.line)


@dataclass(frozen=True)
class _Scale:
    """From a number to a height within a panel."""

    low: int
    high: int
    step: int
    top: float
    height: float

    def position(self, value: float) -> float:
        return self.top + self.height * (1 - (value - self.low) / (self.high - self.low))

    @property
    def ticks(self) -> list[Tick]:
        return [Tick(self.position(value), value) for value in range(self.low, self.high + 1, self.step)]


def chart(points: Sequence[Point], happened: Sequence[date] = ()) -> Chart:
    """The chart of these days or weeks, at least one of them. `happened`: rising days, none before the first point, to mark."""
    totals, moved = [point.total for point in points], [point.moved for point in points]
    line = _scale(min(totals), max(totals), TOP, LINE_PANEL)
    columns = _scale(min(0, *moved), max(0, *moved), TOP + LINE_PANEL + GAP, COLUMN_PANEL)
    slot = (WIDTH - LEFT - RIGHT) / len(points)
    middles = [LEFT + slot * (place + 0.5) for place in range(len(points))]
    zero = columns.position(0)
    every = ceil(len(points) / MAX_DATES)
    dated = range((len(points) - 1) % every, len(points), every)  # counted back from the newest
    return Chart(
        line=[(x, line.position(point.total)) for x, point in zip(middles, points, strict=True)],
        line_ticks=line.ticks,
        columns=[
            _column(x, slot, columns.position(number), zero) for x, number in zip(middles, moved, strict=True)
        ],
        column_ticks=columns.ticks,
        zero=zero,
        dates=[(middles[place], points[place]) for place in dated],
        events=_event_numbers(points, middles, happened),
    )


def _event_numbers(
    points: Sequence[Point], middles: Sequence[float], happened: Sequence[date]
) -> list[EventNumbers]:
    events: list[EventNumbers] = []
    for number, day in enumerate(happened, start=1):
        x = middles[sum(point.begins <= day for point in points) - 1]
        if events and x - events[-1].x < MARK_WIDTH:
            events[-1] = replace(events[-1], last=number)
        else:
            events.append(EventNumbers(x, number, number))
    return events


def _column(x: float, slot: float, end: float, zero: float) -> Bar:
    width = slot * 0.7
    return Bar(x - width / 2, min(end, zero), width, abs(end - zero))


def _scale(least: int, most: int, top: float, height: float) -> _Scale:
    """A scale with round numbers below and above, in round steps."""
    step = round_step((most - least) / MAX_STEPS)
    low = floor(least / step) * step
    high = max(low + step, ceil(most / step) * step)
    return _Scale(low, high, step, top, height)


def round_numbers() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 … without end."""
    return (unit * 10**power for power in count() for unit in (1, 2, 5))


def round_step(least: float) -> int:
    """The smallest round number that is not below `least`."""
    return next(number for number in round_numbers() if number >= least)


# --- The map ---


@dataclass(frozen=True)
class Area:
    """A region on the map; `shade` is 1 (lowest) to SHADES (highest), or 0 where no number is shown."""

    code: str
    path: str
    rate: Rate | None
    shade: int


@dataclass(frozen=True)
class Shade:
    """The regions of one shade have these rates, for 100,000 people."""

    shade: int
    least: float
    most: float


@dataclass(frozen=True)
class Dot:
    """An island too small for an outline."""

    x: int
    y: int
    area: Area


@dataclass(frozen=True)
class RegionMap:
    width: int
    height: int
    areas: list[Area]
    dokdo: Dot
    legend: list[Shade]  #: the highest first
    unnumbered: bool  #: whether some region shows no number


def region_map(rates: Mapping[str, Rate]) -> RegionMap | None:
    """The map of these rates, each shade for as many regions; None when no region has a rate."""
    if not rates:
        return None
    classes = min(SHADES, len(rates))
    shades = {code: SHADES - (rate.rank - 1) * classes // len(rates) for code, rate in rates.items()}
    members: dict[int, list[float]] = {}
    for code, shade in shades.items():
        members.setdefault(shade, []).append(rates[code].per_100000)
    outlines = _outlines()
    areas = {
        code: Area(code, path, rates.get(code), shades.get(code, 0))
        for code, path in outlines["regions"].items()
    }
    dokdo = outlines["dokdo"]
    return RegionMap(
        width=outlines["width"],
        height=outlines["height"],
        areas=list(areas.values()),
        dokdo=Dot(dokdo["x"], dokdo["y"], areas[dokdo["region"]]),
        legend=[
            Shade(shade, min(rated), max(rated)) for shade, rated in sorted(members.items(), reverse=True)
        ],
        unnumbered=len(rates) < len(areas),
    )


@lru_cache(maxsize=1)
def _outlines() -> dict[str, Any]:
    outlines: dict[str, Any] = json.loads(MAP.read_text("utf-8"))
    return outlines
