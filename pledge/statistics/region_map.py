"""The map of the 17 provinces and metropolitan cities: which shade each gets, from lines that may be shown.

Whether a region without a line has nobody or too few is not told: both look the same. maps/README.md says where the
outlines come from.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from pledge.core import countries
from pledge.statistics.rounding import round_numbers
from pledge.statistics.values import Cell

MAP = Path(__file__).parent / "maps" / "south_korea.json"
#: How many shades there are; more are hard to tell apart.
SHADES = 5


@dataclass(frozen=True)
class Area:
    """A region on the map; `shade` is 1 (few) to SHADES (many), or 0 where no number is shown."""

    code: str
    path: str
    people: int | None
    shade: int


@dataclass(frozen=True)
class Shade:
    """The range of one shade; `most` is None for the highest one."""

    shade: int
    least: int
    most: int | None


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


def region_map(by_region: list[Cell]) -> RegionMap | None:
    """The map of these lines; None when no region has a line of its own."""
    people = {line.key: line.people for line in by_region if line.key in countries.REGIONS}
    if not people:
        return None
    steps = _steps(max(people.values()))
    outlines = _outlines()
    areas = {
        code: Area(code, path, people.get(code), _shade(people.get(code), steps))
        for code, path in outlines["regions"].items()
    }
    dokdo = outlines["dokdo"]
    return RegionMap(
        width=outlines["width"],
        height=outlines["height"],
        areas=list(areas.values()),
        dokdo=Dot(dokdo["x"], dokdo["y"], areas[dokdo["region"]]),
        legend=_legend(steps, {area.shade for area in areas.values()}),
        unnumbered=any(area.shade == 0 for area in areas.values()),
    )


def _steps(most: int) -> list[int]:
    """Where a shade begins, rising: round numbers. Half of all live in three regions, so equal steps
    would leave the other fourteen in one shade."""
    return list(takewhile(lambda number: number <= most, round_numbers()))[-SHADES:]


def _shade(people: int | None, steps: list[int]) -> int:
    """The lowest shade includes numbers below its step."""
    if people is None:
        return 0
    return SHADES - len(steps) + max(1, sum(people >= step for step in steps))


def _legend(steps: list[int], used: set[int]) -> list[Shade]:
    lowest = SHADES - len(steps) + 1
    shades = [
        Shade(
            lowest + place,
            0 if place == 0 else step,
            steps[place + 1] - 1 if place + 1 < len(steps) else None,
        )
        for place, step in enumerate(steps)
    ]
    return [shade for shade in reversed(shades) if shade.shade in used]


@lru_cache(maxsize=1)
def _outlines() -> dict[str, Any]:
    outlines: dict[str, Any] = json.loads(MAP.read_text("utf-8"))
    return outlines
