"""What people ask for by sending a form, and answering it: the worker decides whether and when a mail follows.

A request is one INSERT that reads nothing about the person (docs/adr/0062). Many are answered together, by the package of
their subject, in one transaction that also deletes them, so each is answered exactly once; a request that cannot be answered
is put off and does not hold up the others. One worker answers at a time, on however many hosts there are workers: a batch locks
signatures and mailboxes kind by kind, so two batches could deadlock.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.core.db import NotDurable, fetch, is_postgresql, transaction
from pledge.core.db.types import NOW
from pledge.core.logs import log
from pledge.mail.models import MailRequest, RequestKind

#: Requests answered in one transaction.
BATCH = 100
#: How long a request that could not be answered is put off, for instance because no data key opens its subject.
PUT_OFF = timedelta(minutes=10)
#: A form sent twice within this time was sent twice by mistake.
DOUBLE = timedelta(minutes=1)

#: The key of the advisory lock under which requests are answered; nothing else here uses this number.
ANSWER_LOCK = 0x61736B73

#: Enqueues the mails that requests of one kind call for, if any, in the given transaction.
Handler = Callable[[Session, Sequence[MailRequest]], None]
Handlers = Mapping[RequestKind, Handler]


def one_by_one(answer_single: Callable[[Session, MailRequest], None]) -> Handler:
    """A handler that answers one request after the other."""

    def answer_all(session: Session, requests: Sequence[MailRequest]) -> None:
        for request in requests:
            answer_single(session, request)

    return answer_all


#: What was never put off is due, also where it came through a web service whose clock is fast.
_IS_DUE = or_(MailRequest.due_at <= NOW, MailRequest.due_at <= MailRequest.created_at)
#: SQL: a request waits to be answered.
ANY_DUE = exists().where(_IS_DUE)
_ANY_DUE = select(ANY_DUE)


def ask(session: Session, kind: RequestKind, campaign_id: int, lang: str, **about: Any) -> None:
    """Write down what somebody asks for, in the caller's transaction; `about`: subject_id, address_hash, payload."""
    now = clock.now()
    values = {"kind": kind, "campaign_id": campaign_id, "lang": lang, "created_at": now, "due_at": now}
    session.add(MailRequest(**values, **about))


def answer(handlers: Handlers, limit: int = BATCH) -> int:
    """Answer up to `limit` requests, the oldest; how many were dealt with. 0 also when another worker answers."""
    if not fetch(_ANY_DUE).scalar_one():
        return 0
    try:
        return _answer(handlers, _IS_DUE, limit)
    except Exception as error:  # one of them is at fault: find it
        if _is_database_fault(error):
            raise
        return _answer_each(handlers, limit)


def _answer(handlers: Handlers, which: ColumnElement[bool], limit: int) -> int:
    with transaction() as session:
        # SQLite's BEGIN IMMEDIATE does the same.
        if is_postgresql() and not session.scalar(select(func.pg_try_advisory_xact_lock(ANSWER_LOCK))):
            return 0
        due = select(MailRequest).where(which).order_by(MailRequest.id).limit(limit)
        requests = session.scalars(due.with_for_update(skip_locked=True)).all()
        by_kind = attrgetter("kind")
        for kind, some in groupby(sorted(requests, key=by_kind), by_kind):
            handlers[RequestKind(kind)](session, list(some))
        session.execute(delete(MailRequest).where(MailRequest.id.in_([request.id for request in requests])))
        return len(requests)


def _answer_each(handlers: Handlers, limit: int) -> int:
    ids = fetch(select(MailRequest.id).where(_IS_DUE).order_by(MailRequest.id).limit(limit)).scalars().all()
    done = 0
    for request_id in ids:
        this = MailRequest.id == request_id
        try:
            done += _answer(handlers, and_(this, _IS_DUE), 1)
        except Exception as error:  # whatever it is, the others must not wait for it
            if _is_database_fault(error):
                raise
            log.error("mail request put off", kind=type(error).__name__)
            with transaction() as session:
                session.execute(update(MailRequest).where(this).values(due_at=clock.now() + PUT_OFF))
            done += 1
    return done


def _is_database_fault(error: Exception) -> bool:
    """Whether every request would fail in this way, not only the one whose values the database refuses."""
    if isinstance(error, (IntegrityError, DataError)):
        return False
    return isinstance(error, (SQLAlchemyError, NotDurable))
