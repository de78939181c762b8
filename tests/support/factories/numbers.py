"""A number that no other row of the run has."""

from itertools import count

_numbers = count(1)


def next_number() -> int:
    return next(_numbers)
