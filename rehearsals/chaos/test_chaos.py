"""Processes and servers die while people sign; what they were told is there afterwards, once (tests/support/chaos)."""

import pytest

from tests.support import run
from tests.support.chaos.run import TOLD, power_cut, storm
from tests.support.chaos.verdict import Verdict

#: Seconds of a storm. `make chaos` takes as long as one asks.
SHORT = 8


@pytest.fixture
def folder():
    """On the disk, as this is about what is on the disk."""
    place = run.create(run.on_disk())
    yield place
    run.remove(place)


#: Among what they draw: a full disk under either database, PgBouncer, and a line that is half open.
@pytest.mark.parametrize(("seed", "on"), [(1, "sqlite"), (32, "postgresql"), (10, "postgresql")])
def test_nothing_acknowledged_is_lost_or_counted_twice(folder, seed, on):
    verdict, story = storm(folder, seed=seed, seconds=SHORT, on=on)
    assert verdict.broken == [], story
    assert verdict.confirmed > 0, story
    assert verdict.counted + verdict.held >= verdict.confirmed - verdict.withdrawn, story


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_a_power_cut_loses_nobody_who_was_just_told_that_they_signed(folder, on):
    verdict = power_cut(folder, on=on)
    assert verdict.broken == []
    assert verdict.signed >= TOLD


def test_the_summary_names_who_is_held_beside_who_is_counted():
    verdict = Verdict(people=9, signed=9, confirmed=8, withdrawn=1, counted=4, held=3)
    assert "counted 4, held 3;" in str(verdict)
