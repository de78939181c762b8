"""Reads of the outbox, and what moves its mails: claiming them, and marking what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.dml import ReturningUpdate

from pledge.core import clock
from pledge.core.db import fetch, load, transaction, write_autocommit
from pledge.core.db.types import NOW, any_in_order
from pledge.mail import suppression, valve
from pledge.mail.messages import Claimed
from pledge.mail.models import (
    AWAITED,
    FIRST,
    LAST,
    MailKind,
    MailRequest,
    MailState,
    OutboxMail,
    Returned,
)

#: How many mails that nobody waits for one sender takes at a time.
LAST_AT_ONCE = 5

_ClaimedRow = Row[int, str, int, int, str, bool, int, datetime]
_Claiming = ReturningUpdate[int, str, int, int, str, bool, int, datetime]

#: Literal, as the predicates of the indexes are: for a bound value neither database would use them.
_QUEUED, _DEAD = text("state = 'queued'"), text("state = 'dead'")
_AWAITED, _FIRST, _LAST = and_(text(AWAITED)), and_(text(FIRST)), and_(text(LAST))


#: SQL: no worker has the mail.
IS_FREE = or_(OutboxMail.lease_until.is_(None), OutboxMail.lease_until <= NOW)


def due(which: ColumnElement[bool]) -> Select[int]:
    """The mails of a class, by the predicate of its index, that may be sent when the statement runs."""
    return select(OutboxMail.id).where(_QUEUED, which, OutboxMail.due_at <= NOW, IS_FREE)


def _due_by_time(which: ColumnElement[bool]) -> Select[int]:
    return due(which).order_by(OutboxMail.due_at)


def _due_in_turn(lane: valve.Lane) -> Select[int]:
    """Of a lane of first mails, in the fair order (mail/outbox.py)."""
    return due(lane.which).order_by(OutboxMail.suspicious, OutboxMail.turn_at)


#: SQL: a mail to a new address waits to be sent, held back or not.
IS_FIRST_DUE = any_in_order(_due_by_time(_FIRST))
_IS_ANOTHER_DUE = or_(any_in_order(_due_by_time(_AWAITED)), any_in_order(_due_by_time(_LAST)))
#: SQL: a mail waits to be sent, held back or not.
WAITS = or_(_IS_ANOTHER_DUE, IS_FIRST_DUE)
_ANY_DUE = select(_IS_ANOTHER_DUE, IS_FIRST_DUE)


def any_due() -> bool:
    """Whether something waits that may be sent now; a read, so that an idle worker takes no lock."""
    is_due, first_wait = fetch(_ANY_DUE).one()
    if is_due or not first_wait:
        return bool(is_due)
    opening, now = valve.current(), clock.now()
    return any(
        fetch(select(any_in_order(_due_in_turn(lane)))).scalar_one()
        for lane in valve.lanes(opening)
        if valve.available(opening, now, floor=lane.floor)
    )


def is_first_due() -> bool:
    """Whether a mail to a new address waits to be sent, held back or not."""
    return fetch(select(IS_FIRST_DUE)).scalar_one()


def claim(limit: int, lease: timedelta) -> list[Claimed]:
    """Take up to `limit` due mails; until the lease ends no other worker gets them.

    Mails to new addresses are taken only when nobody who is known waits, and as many as the valve lets through, those with
    proof of work first; news and thanks only when nothing else is due, and a few at a time, so that other mails do not wait
    for them.
    """
    return (
        _claim_class(_CLAIM_AWAITED, limit, lease)
        or _claim_first(limit, lease)
        or _claim_class(_CLAIM_LAST, min(limit, LAST_AT_ONCE), lease)
    )


def _claim_class(claiming: _Claiming, limit: int, lease: timedelta) -> list[Claimed]:
    values = {"limit": limit, "until": clock.now() + lease}
    return _claimed(write_autocommit(lambda connection: connection.execute(claiming, values).all()))


def _claim_first(limit: int, lease: timedelta) -> list[Claimed]:
    """By the lanes (mail/valve.py), in the fair order (mail/outbox.py)."""
    if not is_first_due():
        return []
    taken: list[_ClaimedRow] = []
    with transaction() as session:
        opening, now = valve.lock(session), clock.now()
        for lane in valve.lanes(opening):
            room = min(limit - len(taken), valve.available(opening, now, floor=lane.floor))
            in_order = _due_in_turn(lane)
            values = {"limit": room, "until": now + lease}
            rows = session.execute(_claiming(in_order), values).all() if room else []
            valve.consume(opening, len(rows), now, floor=lane.floor)
            taken += rows
    return _claimed(taken)


def _claiming(waiting: Select[int]) -> _Claiming:
    """SQL: claim `limit` of these until `until`."""
    # In a CTE, so that no plan can run the locking query twice and claim more than was asked for. SQLite has no row locks;
    # there the statement runs alone, inside BEGIN IMMEDIATE.
    some = waiting.limit(bindparam("limit")).with_for_update(skip_locked=True).cte("due")
    return (
        update(OutboxMail)
        .where(OutboxMail.id.in_(select(some.c.id)))
        .values(lease_until=bindparam("until"), attempts=OutboxMail.attempts + 1)
        .returning(
            OutboxMail.id,
            OutboxMail.kind,
            OutboxMail.subject_id,
            OutboxMail.seq,
            OutboxMail.lang,
            OutboxMail.known,
            OutboxMail.attempts,
            OutboxMail.created_at,
        )
        .execution_options(synchronize_session=False)
    )


_CLAIM_AWAITED = _claiming(_due_by_time(_AWAITED))
_CLAIM_LAST = _claiming(_due_by_time(_LAST))


def _claimed(rows: Sequence[_ClaimedRow]) -> list[Claimed]:
    """Without those of a kind that only a newer version knows: they wait for its worker, and the others need not."""
    kinds = frozenset(MailKind)
    return [
        Claimed(number, MailKind(kind), subject_id, seq, lang, known, attempts, created_at)
        for number, kind, subject_id, seq, lang, known, attempts, created_at in sorted(rows)
        if kind in kinds
    ]


def sent(mails: Sequence[Claimed]) -> None:
    """Mark mails as sent, except those that another worker has claimed since."""
    ours = [{"mail": mail.id, "attempt": mail.attempts} for mail in mails]
    write_autocommit(lambda connection: connection.execute(_SENT, ours))


#: What is still claimed by whoever has these mails: each claim raises `attempts`.
_IS_OURS = and_(
    tuple_(OutboxMail.id, OutboxMail.attempts).in_(bindparam("ours", expanding=True)),
    OutboxMail.state == MailState.QUEUED,
)
_SENT = (
    update(OutboxMail)
    .where(
        OutboxMail.id == bindparam("mail"),
        OutboxMail.attempts == bindparam("attempt"),
        OutboxMail.state == MailState.QUEUED,
    )
    .values(state=MailState.SENT, sent_at=NOW, lease_until=None, last_error=None, payload=None)
)


def drop(mail: Claimed) -> bool:
    """Mark a mail as dropped; False when another worker has claimed it since."""
    return _mark(mail, state=MailState.DROPPED, last_error=None, payload=None)


def give_up(mail: Claimed, error: str, returned: Returned | None = None, status: str | None = None) -> bool:
    """Mark a mail as dead; False as in drop()."""
    return _mark(mail, state=MailState.DEAD, last_error=error, returned=returned, returned_status=status)


def defer(mail: Claimed, due: datetime, error: str) -> bool:
    """Put a mail back for a later attempt; False as in drop()."""
    turn_at = case((OutboxMail.turn_at < due, due), else_=OutboxMail.turn_at)
    return _mark(mail, due_at=due, turn_at=turn_at, last_error=error)


def postpone(mail: Claimed, until: datetime, error: str) -> bool:
    """Leave a mail due that no server could take, so that its age tells for how long, for an attempt after `until`; False as in
    drop().
    """
    return _mark(mail, lease_until=until, last_error=error)


def release(mails: Sequence[Claimed]) -> None:
    """Give back mails of one claim that were not tried, as if they had never been claimed."""
    _mark(*mails, attempts=OutboxMail.attempts - 1)


def renew(mails: Sequence[Claimed], lease: timedelta) -> None:
    """Extend the lease of mails, except of those that another worker has claimed since."""
    _mark(*mails, lease_until=clock.now() + lease)


def _mark(*mails: Claimed, lease_until: datetime | None = None, **values: Any) -> bool:
    """Change what is still claimed by whoever has these mails. False when some are not."""
    statement = update(OutboxMail).where(_IS_OURS).values(lease_until=lease_until, **values)
    ours = {"ours": [(mail.id, mail.attempts) for mail in mails]}
    return write_autocommit(lambda connection: connection.execute(statement, ours).rowcount) == len(mails)


def oldest_due() -> datetime | None:
    """Since when (UTC) the mail, or the request for one, that waits longest has been due; for the operator's alarm.

    What is held back does not count, nor do thanks and news, which wait for every other mail (oldest_last_due()).
    """
    opening = valve.current()
    lanes = valve.unhindered(opening) if valve.closed_since() is None else []
    waiting = [_oldest_due(which) for which in (_AWAITED, *lanes)]
    waiting.append(select(func.min(MailRequest.due_at)).where(MailRequest.due_at <= clock.now()))
    moments = fetch(union_all(*waiting)).scalars()
    return min((moment for moment in moments if moment is not None), default=None)


def oldest_last_due() -> datetime | None:
    """Since when (UTC) the mail with thanks, or the news, that waits longest has been due."""
    return fetch(_oldest_due(_LAST)).scalar_one()


def _oldest_due(which: ColumnElement[bool]) -> Select[datetime]:
    return select(func.min(OutboxMail.due_at)).where(_QUEUED, which, OutboxMail.due_at <= clock.now())


def dead_letters(limit: int | None = None, before: int | None = None) -> list[OutboxMail]:
    """The mails that were given up, newest first; nothing in them names a person."""
    query = select(OutboxMail).where(_DEAD).order_by(OutboxMail.id.desc()).limit(limit)
    return load(query if before is None else query.where(OutboxMail.id < before))


def returned_counts(within: timedelta) -> dict[Returned, int]:
    """How many of the mails of this time came back, or were complained of."""
    query = (
        select(OutboxMail.returned, func.count())
        .where(text("returned IS NOT NULL"), OutboxMail.created_at >= clock.now() - within)
        .group_by(OutboxMail.returned)
    )
    return {Returned(str(returned)): number for returned, number in fetch(query)}


#: The classes by name, each with the predicate of its index (mail/models.py).
CLASSES = {"awaited": _AWAITED, "first": _FIRST, "last": _LAST}


@dataclass(frozen=True)
class Backlog:
    """What waits of one class of mails, or of requests for mails."""

    name: str
    due: int  #: should have gone out by now
    later: int  #: wait for their time: put off, or capped
    oldest_due: datetime | None

    @property
    def age(self) -> float:
        """For how many seconds the oldest has been due; 0 when none is."""
        return 0.0 if self.oldest_due is None else max(0.0, (clock.now() - self.oldest_due).total_seconds())


def outbox_backlog() -> list[Backlog]:
    """The mails that wait, of every class."""
    parts = [_counted(name, OutboxMail.due_at).where(_QUEUED, which) for name, which in CLASSES.items()]
    return [Backlog(*row) for row in fetch(union_all(*parts))]


def request_backlog() -> Backlog:
    """The requests for mails that the worker has still to answer."""
    return Backlog(*fetch(_counted("requests", MailRequest.due_at)).one())


#: Where there is no such mailbox, or its owner complained, no mail is tried again with the others.
CAN_ARRIVE = or_(OutboxMail.returned.is_(None), OutboxMail.returned.not_in(suppression.REASONS))


@dataclass(frozen=True)
class GivenUp:
    """The mails that were given up and are still stored."""

    mails: int
    retriable: int  #: of them are tried again when all are
    since: datetime | None  #: when the oldest was enqueued


def given_up() -> GivenUp:
    query = select(func.count(), func.count().filter(CAN_ARRIVE), func.min(OutboxMail.created_at))
    return GivenUp(*fetch(query.where(_DEAD)).one())


def outbox() -> Backlog:
    """The mails that wait, of all classes together."""
    waiting = outbox_backlog()
    oldest = min((backlog.oldest_due for backlog in waiting if backlog.oldest_due), default=None)
    return Backlog(
        "all", sum(backlog.due for backlog in waiting), sum(backlog.later for backlog in waiting), oldest
    )


def _counted(name: str, due_at: InstrumentedAttribute[datetime]) -> Select[str, int, int, datetime]:
    is_due = due_at <= clock.now()
    due = func.count(case((is_due, 1)))
    return select(literal(name), due, func.count() - due, func.min(case((is_due, due_at))))
