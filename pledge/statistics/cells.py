"""No number that could point at a person: small cells are merged before a breakdown is shown to anybody.

A cell below five is merged into "other". So that nobody can find it by subtracting the shown cells from the total,
"other" must itself hold at least five and at least two cells; the next smallest cells join it until it does
(complementary suppression).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pledge.core.languages import Texts

#: The smallest number of people that is shown for a part.
MIN_CELL = 5


@dataclass(frozen=True)
class Cell:
    """One line of a breakdown, with small cells merged already. `key`: a code, a day, `other` or `none`."""

    key: str
    label: Texts
    people: int


@dataclass(frozen=True)
class Breakdown:
    """The parts of a total. `other` is None when nothing had to be merged; otherwise shown and other add up to the total."""

    shown: dict[str, int]
    other: int | None


def merge_small(cells: Mapping[str, int], known: Mapping[str, int] | None = None) -> Breakdown:
    """Merge every cell below MIN_CELL, and more where that would not hide it. The order is kept.

    A cell of zero is left out: nobody is in it. A day's cell may be negative (more withdrew than signed); it is small.
    `known`: how much of a cell another breakdown of the same people shows. The rest, which anyone can compute by subtraction,
    must be nobody or enough people, alone and within "other".
    """
    known = known or {}
    left = {key: people - known.get(key, 0) for key, people in cells.items()}
    small = {
        key for key, people in cells.items() if people < MIN_CELL or (left[key] != 0 and left[key] < MIN_CELL)
    }
    rising = sorted((key not in small, people, key) for key, people in cells.items() if people != 0)
    merged: set[str] = set()
    rest = left_of_rest = 0
    for is_large, people, key in rising:
        # The first to be merged is small, so a rest that is not holds at least two cells.
        if is_large and (not merged or min(rest, left_of_rest) >= MIN_CELL):
            break
        merged.add(key)
        rest += people
        left_of_rest += left[key]
    shown = {key: people for key, people in cells.items() if people != 0 and key not in merged}
    return Breakdown(shown, rest if merged else None)
