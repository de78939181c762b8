"""Files that the worker makes: each once, whole, whoever is killed when; what fails is tried again and then given up."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time as real_time
from contextlib import suppress

import pytest
from sqlalchemy import select, text

from config import ROOT
from pledge.audit.models import AuditEntry
from pledge.core.db import db, transaction
from pledge.deliveries import freezing
from pledge.deliveries.pack import packing
from pledge.files.storage import Folder, StorageAway
from pledge.jobs import services
from pledge.jobs.models import Job, JobKind, JobState
from pledge.jobs.services import LEASE, MAX_ATTEMPTS, PAUSES, Made
from tests.support import deliveries
from tests.support.crash import Crash, at
from tests.support.factories import ANNA, campaign, crowd, endorsement, signatures

SUBJECT = 7


def enqueue(kind=JobKind.EXPORT, subject=SUBJECT):
    with transaction() as session:
        return services.enqueue(session, kind, subject).id


def advance(make, stop=lambda: False):
    return services.advance(dict.fromkeys(JobKind, make), stop)


def ten_bytes(_subject, file, _progress):
    file.write(b"ten bytes.")
    return Made(rows=3)


def broken(_subject, file, _progress):
    file.write(b"half of")
    raise ArithmeticError("a text that nobody shall read")


def view(kind=JobKind.EXPORT, subject=SUBJECT):
    db.session.rollback()
    found = services.newest(kind, subject)
    assert found is not None
    return found


def content(job_id):
    parts = services.chunks(job_id)
    return None if parts is None else b"".join(parts)


@pytest.fixture
def folder(app, tmp_path, monkeypatch):
    """The storage of this test, in a folder of its own."""
    monkeypatch.setattr(services, "current_storage", lambda: Folder(tmp_path / "stored"))
    return tmp_path / "stored"


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary files of this process are made."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


# --- the road of a job ---


def test_a_job_is_made_and_its_file_kept(folder, frozen_clock):
    job_id = enqueue()
    assert view().state is JobState.WAITING
    assert content(job_id) is None

    assert advance(ten_bytes) is True

    made = view()
    assert (made.state, made.size, made.rows, made.error) == (JobState.DONE, 10, 3, "")
    assert made.sha256 == hashlib.sha256(b"ten bytes.").hexdigest()
    assert (made.finished_at, made.percent) == (frozen_clock.now(), 100)
    assert content(job_id) == b"ten bytes."
    assert advance(ten_bytes) is False


def test_jobs_are_made_in_the_order_they_were_asked_for(folder):
    for subject in (3, 1, 2):
        enqueue(subject=subject)
    order = []

    def make(subject, _file, _progress):
        order.append(subject)
        return Made()

    while advance(make):
        pass
    assert order == [3, 1, 2]


def test_the_newest_job_of_a_subject_is_the_one_that_is_told(folder):
    enqueue()
    advance(ten_bytes)
    enqueue()
    assert view().state is JobState.WAITING


def test_progress_is_there_after_a_reload(folder, frozen_clock):
    enqueue()
    seen = []

    def make(_subject, _file, progress):
        for done in (0, 10, 20, 30):
            progress(done, 40)
            found = view()
            seen.append((found.state, found.done, found.total, found.percent))
            frozen_clock.move(seconds=0.6)
        return Made()

    advance(make)
    # Once a second at most is written.
    assert [done for _, done, _, _ in seen] == [0, 0, 20, 20]
    assert seen[2] == (JobState.RUNNING, 20, 40, 49)


def test_nothing_to_do_takes_no_write_lock(folder, frozen_clock, statements):
    enqueue()
    with suppress(ArithmeticError):
        advance(broken)
    with statements() as seen:
        assert advance(ten_bytes) is False
    assert len(seen) == 1


# --- the storage's time ---


def test_a_file_is_gone_when_its_time_is_over(folder, frozen_clock):
    job_id = enqueue()

    def make(subject, file, progress):
        ten_bytes(subject, file, progress)
        return Made(keep=LEASE)

    advance(make)
    assert services.sweep() == 0
    frozen_clock.move(seconds=61)
    assert content(job_id) is None
    assert services.sweep() == 1
    assert (view().state, files_in(folder)) == (JobState.GONE, [])
    assert services.sweep() == 0


def test_a_dropped_job_leaves_nothing(folder):
    enqueue()
    advance(ten_bytes)
    with transaction() as session:
        services.drop(session, JobKind.EXPORT, SUBJECT)
    services.sweep()
    assert (view().state, files_in(folder)) == (JobState.GONE, [])


def test_a_job_that_is_dropped_while_it_is_made_stores_nothing(folder, frozen_clock):
    enqueue()

    def make(subject, file, progress):
        with transaction() as session:
            services.drop(session, JobKind.EXPORT, SUBJECT)
        return ten_bytes(subject, file, progress)

    assert advance(make) is True
    services.sweep()
    assert (view().state, files_in(folder)) == (JobState.GONE, [])


# --- failing ---


def test_a_failing_maker_is_tried_again_after_longer_and_longer_pauses(folder, temporary, frozen_clock):
    enqueue()
    tries = 0
    for pause in PAUSES:
        with pytest.raises(ArithmeticError):
            advance(broken)
        tries += 1
        assert (view().state, view().error) == (JobState.WAITING, "ArithmeticError")
        frozen_clock.move(seconds=pause.total_seconds() - 1)
        assert advance(broken) is False
        frozen_clock.move(seconds=2)
    with pytest.raises(ArithmeticError):
        advance(broken)
    assert tries + 1 == MAX_ATTEMPTS
    given_up = view()
    assert (given_up.state, given_up.error) == (JobState.FAILED, "ArithmeticError")
    assert given_up.finished_at == frozen_clock.now()
    frozen_clock.move(days=1)
    assert advance(broken) is False
    assert (files_in(folder), files_in(temporary)) == ([], [])


def test_the_text_of_an_error_is_not_kept(folder):
    enqueue()
    with pytest.raises(ArithmeticError):
        advance(broken)
    assert "nobody" not in str(db.session.execute(text("SELECT * FROM delivery_jobs")).all())


def test_one_that_fails_does_not_hold_up_the_next(folder, frozen_clock):
    enqueue(subject=1)
    enqueue(subject=2)
    with pytest.raises(ArithmeticError):
        advance(broken)
    assert advance(ten_bytes) is True
    assert (view(subject=1).state, view(subject=2).state) == (JobState.WAITING, JobState.DONE)


def test_a_storage_that_is_away_is_tried_again(folder, temporary, frozen_clock, monkeypatch):
    job_id = enqueue()

    def away(*_):
        raise StorageAway("ConnectTimeout")

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "put_file", away)
        with pytest.raises(StorageAway):
            advance(ten_bytes)
    assert (view().state, view().error) == (JobState.WAITING, "StorageAway")
    frozen_clock.move(seconds=PAUSES[0].total_seconds() + 1)
    assert advance(ten_bytes) is True
    assert (content(job_id), view().error) == (b"ten bytes.", "")
    assert files_in(temporary) == []


def test_staff_have_what_was_given_up_tried_again(folder, frozen_clock):
    job_id = enqueue()
    for pause in (*PAUSES, LEASE):
        with pytest.raises(ArithmeticError):
            advance(broken)
        frozen_clock.move(seconds=pause.total_seconds() + 1)

    again = services.retry(ANNA, job_id)

    assert view().id == again != job_id
    assert advance(ten_bytes) is True
    assert view().state is JobState.DONE
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject) == ("delivery.retry", f"export:{SUBJECT}")
    with pytest.raises(services.NotFailed):
        services.retry(ANNA, job_id)


def test_what_is_not_given_up_is_not_tried_again(folder):
    job_id = enqueue()
    with pytest.raises(services.NotFailed):
        services.retry(ANNA, job_id)
    with pytest.raises(services.NotFailed):
        services.retry(ANNA, 404)


# --- dying ---


def test_a_killed_workers_job_is_begun_anew_after_its_lease(folder, temporary, frozen_clock):
    job_id = enqueue()
    _die_in(lambda *_: None)
    assert view().state is JobState.RUNNING
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
        raise _Killed

    with suppress(_Killed):
        advance(make)


class _Killed(BaseException):
    """Nothing of the program runs after this."""


def test_a_progress_report_keeps_the_lease(folder, frozen_clock):
    enqueue()

    def make(_subject, _file, progress):
        for _ in range(5):
            frozen_clock.move(seconds=50)
            progress(1, 2)
            assert advance(ten_bytes) is False
        return Made()

    advance(make)
    assert view().state is JobState.DONE


def test_one_that_was_only_silent_finds_its_job_taken(folder, frozen_clock):
    """It stores nothing over the file of the one that took it."""
    job_id = enqueue()

    def slow(_subject, file, _progress):
        file.write(b"too late")
        frozen_clock.move(seconds=LEASE.total_seconds() + 1)
        assert advance(ten_bytes) is True
        return Made()

    assert advance(slow) is True
    assert (view().state, content(job_id)) == (JobState.DONE, b"ten bytes.")
    assert len(files_in(folder)) == 1


def test_a_worker_that_reports_after_its_lease_ended_stops(folder, frozen_clock):
    enqueue()
    went_on = []

    def slow(_subject, _file, progress):
        frozen_clock.move(seconds=LEASE.total_seconds() + 1)
        advance(ten_bytes)
        progress(1, 2)
        went_on.append(True)

    advance(slow)
    assert went_on == []


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
    assert view().state is JobState.DONE


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
        assert view().state is JobState.WAITING
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
        with at(place):
            done = _crash_as_killed()
        crashes += not done
        frozen_clock.move(hours=1)
        while services.advance({JobKind.PACK: packing.pack}):
            frozen_clock.move(hours=1)
        assert view(JobKind.PACK, number).state is JobState.DONE, place
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


@pytest.mark.parametrize("written", [1, 1000, 20_000, 40_000])
def test_a_crash_while_writing_ends_in_the_same_file(folder, temporary, frozen_clock, written):
    of = campaign()
    signatures(6, of)
    number = deliveries.frozen(of, pack=False)
    reference = _packed(number)

    class Torn:
        """A file that takes no more than so many bytes."""

        def __init__(self, file):
            self._file, self._left = file, written

        def write(self, data):
            self._left -= len(data)
            if self._left < 0:
                raise _Killed
            return self._file.write(data)

        def __getattr__(self, name):
            return getattr(self._file, name)

    with suppress(_Killed):
        services.advance(
            {JobKind.PACK: lambda subject, file, words: packing.pack(subject, Torn(file), words)}
        )
    assert view(JobKind.PACK, number).state is JobState.RUNNING
    frozen_clock.move(seconds=LEASE.total_seconds() + 1)
    assert services.advance({JobKind.PACK: packing.pack}) is True
    assert content(view(JobKind.PACK, number).id) == reference
    assert (len(files_in(folder)), files_in(temporary)) == (1, [])


# --- more than one worker ---


def test_two_workers_never_make_one_job(app, folder):
    for subject in range(12):
        enqueue(subject=subject)
    made, errors = [], []

    def make(subject, file, progress):
        made.append(subject)
        real_time.sleep(0.01)
        return ten_bytes(subject, file, progress)

    def work():
        with app.app_context():
            try:
                for _ in range(20):
                    advance(make)
            except Exception as error:  # noqa: BLE001  # whatever it is, the test tells it
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
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
    def told(done, total):
        progress(done, total)
        if done > 20:
            print("in the middle", flush=True)
            sys.stdin.read()  # until it is killed
    return packing.pack(subject, file, told)

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
    assert view(JobKind.PACK, number).state is JobState.RUNNING
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=20)
    child.stdout.close()
    child.stdin.close()

    assert list((tmp_path / "tmp").iterdir()) == []
    assert services.advance({JobKind.PACK: packing.pack}) is False
    clock.move(seconds=LEASE.total_seconds() + 5)
    assert services.advance({JobKind.PACK: packing.pack}) is True
    assert content(view(JobKind.PACK, number).id) == _packed(number)


def test_a_discarded_delivery_has_no_pack_to_fetch(folder):
    of = campaign()
    signatures(1, of)
    number = deliveries.frozen(of)
    job_id = view(JobKind.PACK, number).id
    assert content(job_id) == deliveries.PACK
    freezing.discard(ANNA, number, "a mistake")
    assert content(job_id) is None
    services.sweep()
    assert files_in(folder) == []
    assert db.session.get(Job, job_id) is not None
