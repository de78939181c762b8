"""The geometry of the charts of growth: numbers in, coordinates out. The component `growth_drawing` draws them as SVG.

Two panels over one axis of time: the total as a line, what was added as columns. No chart library, since ours draw with
fixed colours and fonts, which neither dark mode nor the reader's own settings would reach (docs/adr/0015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from pledge.statistics.growth import Point
from pledge.statistics.rounding import round_step

WIDTH, HEIGHT = 360.0, 250.0
LEFT, RIGHT, TOP = 58.0, 12.0, 14.0
LINE_PANEL, GAP, COLUMN_PANEL = 120.0, 24.0, 62.0
BOTTOM = TOP + LINE_PANEL + GAP + COLUMN_PANEL
#: Labels that fit under the axis of time.
MAX_DATES = 4
#: Lines across a panel.
MAX_STEPS = 3


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
class Chart:
    line: list[tuple[float, float]]
    line_ticks: list[Tick]
    columns: list[Bar]
    column_ticks: list[Tick]
    zero: float  #: where the columns begin
    dates: list[tuple[float, Point]]
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

    def at(self, value: float) -> float:
        return self.top + self.height * (1 - (value - self.low) / (self.high - self.low))

    @property
    def ticks(self) -> list[Tick]:
        return [Tick(self.at(value), value) for value in range(self.low, self.high + 1, self.step)]


def chart(points: Sequence[Point]) -> Chart:
    """The chart of these days or weeks, at least one of them."""
    totals, moved = [point.total for point in points], [point.moved for point in points]
    line = _scale(min(totals), max(totals), TOP, LINE_PANEL)
    columns = _scale(min(0, *moved), max(0, *moved), TOP + LINE_PANEL + GAP, COLUMN_PANEL)
    slot = (WIDTH - LEFT - RIGHT) / len(points)
    middles = [LEFT + slot * (place + 0.5) for place in range(len(points))]
    zero = columns.at(0)
    return Chart(
        line=[(x, line.at(point.total)) for x, point in zip(middles, points, strict=True)],
        line_ticks=line.ticks,
        columns=[
            _column(x, slot, columns.at(number), zero) for x, number in zip(middles, moved, strict=True)
        ],
        column_ticks=columns.ticks,
        zero=zero,
        dates=[(middles[place], points[place]) for place in _dated(len(points))],
    )


def _column(x: float, slot: float, end: float, zero: float) -> Bar:
    width = slot * 0.7
    return Bar(x - width / 2, min(end, zero), width, abs(end - zero))


def _scale(least: int, most: int, top: float, height: float) -> _Scale:
    """A scale with round numbers below and above, in round steps."""
    step = round_step((most - least) / MAX_STEPS)
    low = floor(least / step) * step
    high = max(low + step, ceil(most / step) * step)
    return _Scale(low, high, step, top, height)


def _dated(number: int) -> range:
    """The indexes of the points that get a date, counted back from the newest."""
    every = ceil(number / MAX_DATES)
    return range((number - 1) % every, number, every)
