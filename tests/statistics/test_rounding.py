"""Round numbers for axes and legends."""

from itertools import islice

import pytest

from pledge.statistics.rounding import round_numbers, round_step


def test_round_numbers_rise_by_one_two_and_five_times_powers_of_ten():
    assert list(islice(round_numbers(), 7)) == [1, 2, 5, 10, 20, 50, 100]


@pytest.mark.parametrize(("least", "step"), [(0, 1), (0.3, 1), (1.67, 2), (5, 5), (5.1, 10), (334, 500)])
def test_a_step_is_the_smallest_round_number_that_is_large_enough(least, step):
    assert round_step(least) == step
