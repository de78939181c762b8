"""Small cells: what is shown never points at fewer than five people, not even by subtraction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.statistics.cells import MIN_CELL, Breakdown, merge_small

PARTS = st.dictionaries(st.text("ABCDEFGH", min_size=1, max_size=2), st.integers(0, 30), max_size=12)
#: A day may be negative: more people withdrew than signed.
DAYS = st.dictionaries(st.text("ABCDEFGH", min_size=1, max_size=2), st.integers(-30, 30), max_size=12)


@pytest.mark.parametrize(
    ("cells", "shown", "other"),
    [
        ({}, {}, None),
        ({"KR": 90, "JP": 5}, {"KR": 90, "JP": 5}, None),
        ({"KR": 90, "JP": 4, "US": 4}, {"KR": 90}, 8),
        ({"KR": 90, "US": 20, "JP": 4}, {"KR": 90}, 24),  # JP alone could be had by subtraction
        ({"KR": 90, "US": 20, "JP": 2, "FR": 1}, {"KR": 90}, 23),  # three people are too few for "other"
        ({"KR": 90, "JP": 4}, {}, 94),
        ({"KR": 3}, {}, 3),  # fewer than five in all: only the total is known
        ({"KR": 2, "JP": 1}, {}, 3),
        ({"KR": 90, "US": 20, "JP": 0}, {"KR": 90, "US": 20}, None),  # nobody is in an empty cell
        ({"KR": 90, "US": 20, "JP": 3, "FR": 0}, {"KR": 90}, 23),  # and nobody hides behind it
        ({"mon": 40, "tue": -2, "wed": 9}, {"mon": 40}, 7),
    ],
)
def test_small_cells_are_merged_into_one_that_is_called_other(cells, shown, other):
    assert merge_small(cells) == Breakdown(shown, other)


@given(DAYS)
def test_no_shown_cell_is_small_nor_what_is_merged_and_the_sum_stays(cells):
    shown, other = merge_small(cells).shown, merge_small(cells).other
    assert sum(shown.values()) + (other or 0) == sum(cells.values())
    assert all(people >= MIN_CELL and cells[key] == people for key, people in shown.items())
    assert list(shown) == [key for key in cells if key in shown], "the order is kept"
    assert other is None or other >= MIN_CELL or not shown


@given(PARTS)
def test_what_is_merged_is_never_a_single_cell_beside_shown_ones_nor_more_than_is_needed(cells):
    """Without the largest merged cell, "other" would be too small, or one cell, or that cell is small itself."""
    breakdown = merge_small(cells)
    merged = sorted(people for key, people in cells.items() if people and key not in breakdown.shown)
    assert len(merged) != 1 or not breakdown.shown
    if merged and merged[-1] >= MIN_CELL:
        assert len(merged) <= 2 or sum(merged[:-1]) < MIN_CELL


@given(PARTS)
def test_a_total_below_five_shows_no_parts(cells):
    if 0 < sum(cells.values()) < MIN_CELL:
        assert merge_small(cells) == Breakdown({}, sum(cells.values()))
