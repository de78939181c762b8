"""Processes and servers die while people sign; what they were told is there afterwards, once (tests/support/chaos)."""

import tempfile
from pathlib import Path

import pytest

from tests.support import run
from tests.support.chaos.run import storm

#: Seconds of a storm. `make chaos` takes as long as one asks.
SHORT = 8


@pytest.fixture
def folder():
    """On the disk, as this is about what is on the disk."""
    place = run.create(Path(tempfile.gettempdir()))
    yield place
    run.remove(place)


@pytest.mark.parametrize(("seed", "on"), [(1, "sqlite"), (2, "postgresql"), (3, "postgresql")])
def test_nothing_acknowledged_is_lost_or_counted_twice(folder, seed, on):
    verdict, done = storm(folder, seed=seed, seconds=SHORT, on=on)
    assert verdict.broken == [], "\n".join(done)
    assert verdict.confirmed > 0, "\n".join(done)
