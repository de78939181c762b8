"""Files that the worker makes: in their order, kept for their time; what fails is tried again and then given up."""

import hashlib
from contextlib import suppress

import pytest
from sqlalchemy import select, text

from pledge.audit.models import AuditEntry
from pledge.core.db import db, transaction
from pledge.files.faults import StorageAway
from pledge.files.storage import Folder
from pledge.jobs import services
from pledge.jobs.models import JobKind, JobState
from pledge.jobs.services import LEASE, MAX_ATTEMPTS, PAUSES, MadeFile
from tests.jobs.making import SUBJECT, advance, broken, content, enqueue, files_in, ten_bytes, view
from tests.support.factories import ANNA

# --- from the request to the file ---


def test_a_job_is_made_and_its_file_kept(folder, frozen_clock):
    job_id = enqueue()
    assert view().state == JobState.WAITING
    assert content(job_id) is None

    assert advance(ten_bytes) is True

    made = view()
    assert (made.state, made.size, made.rows, made.error) == (JobState.DONE, 10, 3, "")
    assert made.sha256 == hashlib.sha256(b"ten bytes.").digest()
    assert (made.finished_at, made.percent) == (frozen_clock.now(), 100)
    assert content(job_id) == b"ten bytes."
    assert advance(ten_bytes) is False


def test_jobs_are_made_in_the_order_they_were_asked_for(folder):
    for subject in (3, 1, 2):
        enqueue(subject=subject)
    order = []

    def make(subject, _file, _progress):
        order.append(subject)
        return MadeFile()

    while advance(make):
        pass
    assert order == [3, 1, 2]


def test_progress_is_there_after_a_reload(folder, frozen_clock):
    enqueue()
    seen = []

    def make(_subject, _file, progress):
        for done in (0, 10, 20, 30):
            progress(done, 40)
            job = view()
            seen.append((job.state, job.done, job.total, job.percent))
            frozen_clock.move(seconds=0.6)
        return MadeFile()

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
        return MadeFile(keep=LEASE)

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
    assert "nobody" not in str(db.session.execute(text("SELECT * FROM delivery_jobs")).all()), "not its text"
    assert (given_up.state, given_up.error) == (JobState.FAILED, "ArithmeticError")
    assert given_up.finished_at == frozen_clock.now()
    frozen_clock.move(days=1)
    assert advance(broken) is False
    assert (files_in(folder), files_in(temporary)) == ([], [])


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
        patch.setattr(Folder, "put", away)
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
    assert view().state == JobState.DONE
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject) == ("delivery.retry", f"export:{SUBJECT}")
    with pytest.raises(services.NotFailed):
        services.retry(ANNA, job_id)
