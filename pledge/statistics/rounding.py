"""Round numbers for axes and legends: 1, 2 and 5 times a power of ten."""

from collections.abc import Iterator
from itertools import count


def round_numbers() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 … without end."""
    return (unit * 10**power for power in count() for unit in (1, 2, 5))


def round_step(least: float) -> int:
    """The smallest round number that is not below `least`."""
    return next(number for number in round_numbers() if number >= least)
