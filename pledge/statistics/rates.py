"""How many of each 100,000 registered people of a region have signed, and the rank that this gives (maps/population.toml).

Only regions that are shown by themselves have a rate, as the rate of another would tell its number (cells.py).
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pledge.statistics.cells import Cell

POPULATION = Path(__file__).parent / "maps" / "population.toml"


@dataclass(frozen=True)
class Population:
    as_of: date
    total: int
    people: Mapping[str, int]  #: by region


@dataclass(frozen=True)
class Rate:
    people: int
    per_100000: float  #: to two places
    rank: int  #: among the regions with a rate: 1 has the highest, equal ones have the same


@cache
def population() -> Population:
    """Registered people at the end of a month."""
    return Population(**tomllib.loads(POPULATION.read_text("utf-8")))


def rates(by_region: Iterable[Cell]) -> dict[str, Rate]:
    """The rates of these lines by region, the highest first."""
    registered = population().people
    people = {line.key: line.people for line in by_region if line.key in registered}
    exact = {key: number * 100_000 / registered[key] for key, number in people.items()}
    return {
        key: Rate(people[key], round(exact[key], 2), 1 + sum(other > exact[key] for other in exact.values()))
        for key in sorted(exact, key=lambda key: -exact[key])
    }
