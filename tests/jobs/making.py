"""Jobs that make a small file, and what becomes of them."""

from pledge.core.db import db, transaction
from pledge.jobs import services
from pledge.jobs.models import JobKind
from pledge.jobs.services import MadeFile

SUBJECT = 7


def enqueue(kind=JobKind.EXPORT, subject=SUBJECT):
    with transaction() as session:
        return services.enqueue(session, kind, subject).id


def advance(make, stop=lambda: False):
    return services.advance(dict.fromkeys(JobKind, make), stop)


def ten_bytes(_subject, file, _progress):
    file.write(b"ten bytes.")
    return MadeFile(rows=3)


def broken(_subject, file, _progress):
    file.write(b"half of")
    raise ArithmeticError("a text that nobody shall read")


def view(kind=JobKind.EXPORT, subject=SUBJECT):
    db.session.rollback()
    job = services.newest(kind, subject)
    assert job is not None
    return job


def content(job_id):
    parts = services.chunks(job_id)
    return None if parts is None else b"".join(parts)


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
