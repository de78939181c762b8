"""Processes and servers die while people sign; what they were told is there afterwards, once (tests/support/chaos)."""

import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support import run
from tests.support.chaos.run import TOLD, power_cut, storm
from tests.support.disk import SmallDisk, may_mount

#: Seconds of a storm. `make chaos` takes as long as one asks.
SHORT = 8

LYING = "tests.support.chaos.lying:app"
#: A commit is acknowledged before it is written.
UNSAFE = ("fsync=on", "synchronous_commit=off", "full_page_writes=on")
LOST = "was told that they signed, and nothing is stored"


@pytest.fixture
def folder():
    """On the disk, as this is about what is on the disk."""
    place = run.create(Path(tempfile.gettempdir()))
    yield place
    run.remove(place)


def test_the_next_run_clears_what_one_that_was_killed_has_left(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, running = run.create(tmp_path), run.create(tmp_path)
    (left / "owner").write_text(str(ended.pid))
    if may_mount():
        SmallDisk(left / "disk", megabytes=1).__enter__()
    assert run.leftovers(tmp_path) == [left]
    run.remove(left)
    assert list(tmp_path.iterdir()) == [running]


#: Among what they draw: a full disk under either database, PgBouncer, and a line that is half open.
@pytest.mark.parametrize(("seed", "on"), [(1, "sqlite"), (32, "postgresql"), (10, "postgresql")])
def test_nothing_acknowledged_is_lost_or_counted_twice(folder, seed, on):
    verdict, story = storm(folder, seed=seed, seconds=SHORT, on=on)
    assert verdict.broken == [], story
    assert verdict.confirmed > 0, story


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_a_power_cut_loses_nobody_who_was_just_told_that_they_signed(folder, on):
    verdict = power_cut(folder, on=on)
    assert verdict.broken == []
    assert verdict.signed >= TOLD


def test_an_application_that_answers_before_it_commits_is_found_out(folder):
    lost = [promise for promise in power_cut(folder, on="sqlite", target=LYING).broken if LOST in promise]
    assert len(lost) >= TOLD


def test_a_database_that_commits_before_it_writes_is_found_out(folder):
    lost = [
        promise for promise in power_cut(folder, on="postgresql", options=UNSAFE).broken if LOST in promise
    ]
    assert len(lost) >= TOLD
