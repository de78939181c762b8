"""A worker that is killed, silent or stopped at any moment: its job is made once, whole, by another one."""

import os
import signal
import subprocess
import sys
import time as real_time
from contextlib import suppress

import pytest

from config import ROOT
from pledge.deliveries.pack import packing
from pledge.jobs import services
from pledge.jobs.models import JobKind, JobState
from pledge.jobs.services import LEASE, MAX_ATTEMPTS, MadeFile
from tests.jobs.making import advance, content, enqueue, files_in, ten_bytes, view
from tests.support import deliveries
from tests.support.at_once import at_once
from tests.support.crash import Crash, Killed, at_statement
from tests.support.factories import campaign, crowd, endorsement
from tests.support.waiting import TEST_TIMEOUT

# --- one worker ---


def test_a_killed_workers_job_is_begun_anew_after_its_lease(folder, temporary, frozen_clock):
    job_id = enqueue()
    _die_in(lambda *_: None)
    assert view().state == JobState.RUNNING
    frozen_clock.move(seconds=LEASE.total_seconds() - 1)
    assert advance(ten_bytes) is False
    frozen_clock.move(seconds=2)
    assert advance(ten_bytes) is True
    assert (view().state, content(job_id)) == (JobState.DONE, b"ten bytes.")
    assert (len(files_in(folder)), files_in(temporary)) == (1, [])


def _die_in(before):
    """Die in the middle of making: no error is handled, as after kill -9."""

    def make(subject, file, progress):
        before(subject, file, progress)
        raise Killed

    with suppress(Killed):
        advance(make)


def test_a_progress_report_keeps_the_lease(folder, frozen_clock):
    enqueue()

    def make(_subject, _file, progress):
        for _ in range(5):
            frozen_clock.move(seconds=50)
            progress(1, 2)
            assert advance(ten_bytes) is False
        return MadeFile()

    advance(make)
    assert view().state == JobState.DONE


def test_one_that_was_only_silent_finds_its_job_taken(folder, frozen_clock):
    """It stores nothing over the file of the one that took it."""
    job_id = enqueue()

    def slow(_subject, file, _progress):
        file.write(b"too late")
        frozen_clock.move(seconds=LEASE.total_seconds() + 1)
        assert advance(ten_bytes) is True
        return MadeFile()

    assert advance(slow) is True
    assert (view().state, content(job_id)) == (JobState.DONE, b"ten bytes.")
    assert len(files_in(folder)) == 1


def test_a_worker_that_reports_while_another_has_the_job_stops(folder, frozen_clock):
    enqueue()
    words = []
    _die_in(lambda _subject, _file, progress: words.append(progress))
    frozen_clock.move(seconds=LEASE.total_seconds() + 1)

    def another(subject, file, progress):
        with pytest.raises(services.LeaseLost):
            words[0](1, 2)
        return ten_bytes(subject, file, progress)

    assert advance(another) is True
    assert view().state == JobState.DONE


def test_a_job_whose_worker_dies_each_time_is_given_up(folder, frozen_clock):
    enqueue()
    for _ in range(MAX_ATTEMPTS):
        _die_in(lambda *_: None)
        frozen_clock.move(seconds=LEASE.total_seconds() + 1)
    assert advance(ten_bytes) is False
    assert (view().state, view().error) == (JobState.FAILED, "Killed")


def test_a_worker_that_is_to_end_leaves_the_job_to_the_next_at_once(folder, temporary, frozen_clock):
    job_id = enqueue()

    def make(_subject, file, progress):
        file.write(b"half of")
        progress(1, 2)
        raise AssertionError("it went on")

    for _ in range(MAX_ATTEMPTS + 1):
        assert advance(make, stop=lambda: True) is True
        assert view().state == JobState.WAITING
    assert advance(ten_bytes) is True
    assert content(job_id) == b"ten bytes."
    assert files_in(temporary) == []


def test_a_crash_at_every_statement_and_every_write_ends_in_the_same_file(folder, temporary, frozen_clock):
    of = campaign()
    crowd(60, of)
    endorsement(of)
    number = deliveries.frozen(of, pack=False)
    reference = _packed(number)
    crashes = 0
    for place in range(1, 200):
        job_id = enqueue(JobKind.PACK, number) if place > 1 else view(JobKind.PACK, number).id
        done = False
        with at_statement(place):
            done = _crash_as_killed()
        crashes += not done
        frozen_clock.move(hours=1)
        while services.advance({JobKind.PACK: packing.pack}):
            frozen_clock.move(hours=1)
        assert view(JobKind.PACK, number).state == JobState.DONE, place
        assert content(job_id) == reference, place
        if done:
            break
    assert crashes >= 8
    services.sweep()
    # One file for each job, whatever the attempts before left.
    assert len(files_in(folder)) == place
    assert files_in(temporary) == []


def _packed(number):
    import io

    file = io.BytesIO()
    packing.pack(number, file, lambda *_: None)
    return file.getvalue()


def _crash_as_killed():
    """Advance; a Crash is not handled on its way, as nothing would be after kill -9."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "_fail", _unhandled)
        return services.advance({JobKind.PACK: packing.pack})


def _unhandled(_claim, _kind):
    raise Crash


# --- more than one worker ---


def test_two_workers_never_make_one_job(app, folder):
    for subject in range(12):
        enqueue(subject=subject)
    made = []

    def make(subject, file, progress):
        made.append(subject)
        real_time.sleep(0.01)
        return ten_bytes(subject, file, progress)

    def work():
        for _ in range(20):
            advance(make)

    at_once(app, *[work] * 3)
    assert sorted(made) == list(range(12))


_WORKER = """
import sys
from pathlib import Path
from pledge.jobs import services as jobs
from pledge.deliveries.pack import packing
from pledge.jobs.models import JobKind
from tests.support import apps

app = apps.build(Path(sys.argv[2]), database_url=sys.argv[1])

def make(subject, file, progress):
    def report(done, total):
        progress(done, total)
        if done > 20:
            print("in the middle", flush=True)
            sys.stdin.read()  # until it is killed
    return packing.pack(subject, file, report)

with app.app_context():
    jobs.advance({JobKind.PACK: make})
"""


def test_a_real_worker_that_is_killed_in_the_middle(database, app, folder, clock, tmp_path):
    of = campaign()
    crowd(50, of)
    number = deliveries.frozen(of, pack=False)
    (tmp_path / "tmp").mkdir()
    child = subprocess.Popen(  # our own program
        [sys.executable, "-c", _WORKER, database, str(tmp_path / "instance")],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"in the middle\n"
    assert view(JobKind.PACK, number).state == JobState.RUNNING
    child.send_signal(signal.SIGKILL)
    child.wait(TEST_TIMEOUT)
    child.stdout.close()
    child.stdin.close()

    # "_jinja2-cache": templates that the tests keep compiled.
    assert list((tmp_path / "tmp").glob("[!_]*")) == []
    assert services.advance({JobKind.PACK: packing.pack}) is False
    clock.move(seconds=LEASE.total_seconds() + 5)
    assert services.advance({JobKind.PACK: packing.pack}) is True
    assert content(view(JobKind.PACK, number).id) == _packed(number)
