"""Files that the worker makes: one job at a time, with a lease; another worker starts a killed worker's job again.

The makers are given as `Makers`, so this module does not depend on packs and exports. A maker writes into an unnamed
temporary file, which a killed process cannot leave behind; only when it is complete does it go to the storage, and only
then is the job done.
"""

import hashlib
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BufferedRandom
from typing import BinaryIO

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import fetch, load, transaction
from pledge.core.db.types import NOW
from pledge.core.logs import log
from pledge.files.storage import current_storage, read_in_parts
from pledge.jobs.models import Job, JobKind, JobState

#: How long a worker keeps a job without reporting progress.
LEASE = timedelta(seconds=60)
#: How long storing a finished file may take.
STORING = timedelta(minutes=15)
#: Seconds between two reports of an attempt.
HEARTBEAT = 1.0
#: The wait after each failure; after one more failure the job is given up.
PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
MAX_ATTEMPTS = len(PAUSES) + 1

_OPEN = (JobState.WAITING, JobState.RUNNING)


class LeaseLost(Exception):
    """Another worker has the job, because this one was silent for too long, or the file is no longer wanted."""


class JobStopped(Exception):
    """The worker is stopping, so another one will make the file."""


class NotFailed(Exception):
    """The job was not given up, or somebody has started it again already."""


@dataclass(frozen=True)
class MadeFile:
    """What a maker returns about its file."""

    rows: int | None = None
    keep: timedelta | None = None  #: the file is deleted after so long; None: it is kept


#: Reports how many steps of how many are done. Raises LeaseLost, JobStopped.
Progress = Callable[[int, int], None]
#: Writes the file of a subject. It may be called again for the same subject and must then write the same.
Maker = Callable[[int, BinaryIO, Progress], MadeFile]
Makers = Mapping[JobKind, Maker]


def enqueue(session: Session, kind: JobKind, subject_id: int) -> Job:
    """Have a file made, in the caller's transaction."""
    job = Job(kind=kind, subject_id=subject_id, state=JobState.WAITING, created_at=clock.now())
    session.add(job)
    session.flush()
    return job


def advance(makers: Makers, stop: Callable[[], bool] = lambda: False) -> bool:
    """Make the oldest wanted file. False when there is nothing to do.

    When `stop` returns True, the file is given up at the maker's next report, for another worker to start at once.
    """
    claim = _claim()
    if claim is None:
        return False
    try:
        with tempfile.TemporaryFile() as file:
            made = makers[JobKind(claim.kind)](claim.subject_id, file, ProgressReporter(claim, stop))
            file.flush()
            _finish(claim, file, made)
    except LeaseLost:
        log.warning("delivery: the job is not this worker's any more", job=claim.id)
    except JobStopped:
        # For another worker to start at once, as if it had not been tried.
        _write(claim, state=JobState.WAITING, lease_until=None, attempts=claim.attempts - 1)
    except Exception as error:
        _fail(claim, type(error).__name__)
        raise
    return True


def retry(actor: Actor, job_id: int) -> int:
    """Start a job again that was given up; returns the new job's number. Raises NotFailed."""
    with transaction() as session:
        given_up = update(Job).where(Job.id == job_id, Job.state == JobState.FAILED)
        failed = session.execute(
            given_up.values(state=JobState.GONE).returning(Job.kind, Job.subject_id)
        ).first()
        if failed is None:
            raise NotFailed
        # A new job: a worker that only seemed dead may still be working on an attempt of the old one.
        job = enqueue(session, JobKind(failed.kind), failed.subject_id)
        record(session, actor, "delivery.retry", f"{job.kind}:{job.subject_id}", job=job.id)
        return job.id


def drop(session: Session, kind: JobKind, subject_id: int) -> None:
    """The files of this subject are no longer wanted, in the caller's transaction; sweep() deletes them."""
    session.execute(
        update(Job).where(Job.kind == kind, Job.subject_id == subject_id).values(state=JobState.GONE)
    )


def newest(kind: JobKind, subject_id: int) -> Job | None:
    """The newest job for a subject; None when there is none."""
    query = select(Job).where(Job.kind == kind, Job.subject_id == subject_id)
    return next(iter(load(query.order_by(Job.id.desc()).limit(1))), None)


def newest_of_each(kind: JobKind) -> dict[int, Job]:
    """The newest job for each subject of a kind."""
    return {job.subject_id: job for job in load(select(Job).where(Job.kind == kind).order_by(Job.id))}


def chunks(job_id: int) -> Iterator[bytes] | None:
    """The file of a job that is done, in parts; None when it is gone. Raises StorageAway."""
    query = select(Job.file).where(
        Job.id == job_id,
        Job.state == JobState.DONE,
        or_(Job.expires_at.is_(None), Job.expires_at > clock.now()),
    )
    file = fetch(query).scalar_one_or_none()
    content = current_storage().open(file) if file else None
    return None if content is None else read_in_parts(content)


def sweep() -> int:
    """Delete expired files and those of abandoned jobs. Returns the number of jobs."""
    expired = and_(Job.state == JobState.DONE, Job.expires_at <= clock.now())
    abandoned = and_(Job.state.in_((JobState.FAILED, JobState.GONE)), Job.file != "")
    gone = 0
    while True:
        with transaction() as session:
            job = session.scalar(
                select(Job).where(or_(expired, abandoned)).limit(1).with_for_update(skip_locked=True)
            )
            if job is None:
                return gone
            for attempt in range(1, job.attempts + 1):
                current_storage().delete(_key(job.file, attempt))
            job.file = ""
            if job.state == JobState.DONE:
                job.state = JobState.GONE
        gone += 1


_IS_WANTED = and_(Job.state.in_(_OPEN), or_(Job.lease_until.is_(None), Job.lease_until < NOW))
#: SQL: a file waits to be made.
ANY_WANTED = exists().where(_IS_WANTED)
#: A read that takes no write lock: most of the time there is nothing to do.
_ANY_WANTED = select(ANY_WANTED)


def _claim() -> Job | None:
    """The oldest wanted job, detached, as an attempt of this worker; None when there is none."""
    if not fetch(_ANY_WANTED).scalar_one():
        return None
    now = clock.now()
    with transaction() as session:
        job = session.scalar(
            select(Job).where(_IS_WANTED).order_by(Job.id).limit(1).with_for_update(skip_locked=True)
        )
        if job is None:
            return None
        if job.attempts >= MAX_ATTEMPTS:
            job.state, job.error, job.finished_at = JobState.FAILED, job.error or "Killed", now
            return None
        job.attempts += 1
        job.state, job.lease_until, job.done = JobState.RUNNING, now + LEASE, 0
        # Stored before the file is, so that what a killed worker has stored can be found and deleted.
        job.file = _key(job.file or f"job-{job.id}-{secrets.token_hex(8)}/", job.attempts)
        session.flush()
        session.expunge(job)
        return job


def _key(file: str, attempt: int) -> str:
    """The key for an attempt's file: next to those of other attempts at the same job, never overwriting them."""
    return f"{file.partition('/')[0]}/{attempt}"


class ProgressReporter:
    """The Progress of one attempt: writes to the job at most once a second, and keeps its lease."""

    def __init__(self, claim: Job, stop: Callable[[], bool]) -> None:
        self._claim, self._stop, self._next = claim, stop, 0.0

    def __call__(self, done: int, total: int) -> None:
        if self._stop():
            raise JobStopped
        if clock.monotonic() < self._next:
            return
        self._next = clock.monotonic() + HEARTBEAT
        if not _write(self._claim, done=done, total=total, lease_until=clock.now() + LEASE):
            raise LeaseLost


def _finish(claim: Job, file: BufferedRandom, made: MadeFile) -> None:
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").digest()
    size = file.tell()
    file.seek(0)
    # A large file on a slow line takes longer than a lease, and no progress can be reported meanwhile.
    if not _write(claim, lease_until=clock.now() + STORING):
        raise LeaseLost
    current_storage().put(claim.file, file)
    now = clock.now()
    is_done = _write(
        claim,
        state=JobState.DONE,
        size=size,
        sha256=sha256,
        rows=made.rows,
        error="",
        finished_at=now,
        expires_at=None if made.keep is None else now + made.keep,
    )
    if not is_done:
        current_storage().delete(claim.file)
        raise LeaseLost
    for attempt in range(1, claim.attempts):
        current_storage().delete(_key(claim.file, attempt))


def _fail(claim: Job, kind: str) -> None:
    """Try again after a pause, or give up."""
    now = clock.now()
    if claim.attempts < MAX_ATTEMPTS:
        until = now + PAUSES[claim.attempts - 1]
        _write(claim, state=JobState.WAITING, error=kind[:120], lease_until=until)
    else:
        _write(claim, state=JobState.FAILED, error=kind[:120], finished_at=now)


def _write(claim: Job, **values: object) -> bool:
    """Change the job if this attempt still has it: each claim raises `attempts`. Returns whether it has."""
    mine = (Job.id == claim.id, Job.state == JobState.RUNNING, Job.attempts == claim.attempts)
    with transaction() as session:
        held = session.execute(update(Job).where(*mine).values(**values).returning(Job.id)).first()
    return held is not None
