"""SQL of the outbox. Text rather than ORM: these statements run for every mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Row,
    Select,
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
from sqlalchemy.sql.selectable import TextualSelect

from pledge.core import clock
from pledge.core.db import db, fetch, load, reading, transaction, write_autocommit
from pledge.core.db.types import UTCDateTime
from pledge.mail import suppression, valve
from pledge.mail.messages import Claimed
from pledge.mail.models import (
    AWAITED,
    FIRST,
    LAST,
    PROVED,
    UNPROVED,
    MailKind,
    MailRequest,
    MailState,
    OutboxMail,
    Returned,
)
from pledge.mail.valve import Lane

#: How many mails that nobody waits for one sender takes at a time.
LAST_AT_ONCE = 5


def _due(which: str, order: str = "due_at") -> str:
    return f"""
    SELECT id FROM outbox_mails
     WHERE state = 'queued' AND {which} AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
     ORDER BY {order} LIMIT :limit"""  # noqa: S608  # only constants are put into the text; values are bound


_TABLE = OutboxMail.__table__.c
#: Literal, as the predicates of the indexes are: for a bound value neither database would use them.
_DEAD = text("state = 'dead'")


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UTCDateTime())


def _claim(due: str, lock: str) -> TextualSelect:
    # In a CTE, so that no plan can run the locking query twice and claim more than was asked for.
    statement = text(
        f"""
        WITH due AS ({due} {lock})
        UPDATE outbox_mails SET lease_until = :lease, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due)
        RETURNING id, kind, subject_id, seq, lang, known, attempts, created_at"""  # noqa: S608  # only constants are put into the text; values are bound
    )
    return statement.bindparams(_moment("now"), _moment("lease")).columns(
        known=Boolean(), created_at=UTCDateTime()
    )


#: SQLite has no row locks; there the statement runs alone, inside BEGIN IMMEDIATE.
_LOCKS = {"postgresql": "FOR UPDATE SKIP LOCKED", "sqlite": ""}
_CLAIM_AWAITED = {dialect: _claim(_due(AWAITED), lock) for dialect, lock in _LOCKS.items()}
_CLAIM_LAST = {dialect: _claim(_due(LAST), lock) for dialect, lock in _LOCKS.items()}

_IN_GROUP = "COALESCE(:group IN (domain_hash, network_hash), false)"
#: The lanes of first mails (mail/valve.py), in the fair order (mail/outbox.py).
LANES = {
    Lane.PROVED: PROVED,
    Lane.UNPROVED: UNPROVED,
    Lane.OTHERS: f"{UNPROVED} AND NOT {_IN_GROUP}",
    Lane.GROUP: f"{UNPROVED} AND {_IN_GROUP}",
}
_DUE_FIRST = {lane: _due(which, "suspicious, turn_at") for lane, which in LANES.items()}
_CLAIM_FIRST = {
    dialect: {lane: _claim(due, lock) for lane, due in _DUE_FIRST.items()} for dialect, lock in _LOCKS.items()
}
_ANY_FIRST_DUE = {
    lane: text(f"SELECT EXISTS ({due})").bindparams(_moment("now"))  # our own constants
    for lane, due in _DUE_FIRST.items()
}
_ANY_DUE = text(
    f"SELECT EXISTS ({_due(AWAITED)}) OR EXISTS ({_due(LAST)}), EXISTS ({_due(FIRST)})"  # our own constants
).bindparams(_moment("now"), limit=1)
_FIRST_DUE = text(f"SELECT EXISTS ({_due(FIRST)})").bindparams(_moment("now"), limit=1)  # our own constants


def any_due() -> bool:
    """Whether something waits that may be sent now; a read, so that an idle worker takes no lock."""
    now = clock.now()
    with reading() as connection:
        is_due, is_first_due = connection.execute(_ANY_DUE, {"now": now}).one()
        if is_due or not is_first_due:
            return bool(is_due)
    opening = valve.current()
    values = {"now": now, "limit": 1, "group": opening.slow_group}
    return any(
        fetch(_ANY_FIRST_DUE[lane], values).scalar_one()
        for lane, floor in valve.lanes(opening).items()
        if valve.available(opening, now, floor=floor)
    )


def is_first_due() -> bool:
    """Whether a mail to a new address waits to be sent, held back or not."""
    return bool(fetch(_FIRST_DUE, {"now": clock.now()}).scalar_one())


def claim(limit: int, lease: timedelta) -> list[Claimed]:
    """Take up to `limit` due mails; until the lease ends no other worker gets them.

    Mails to new addresses are taken only when nobody who is known waits, and as many as the valve lets through, those with
    proof of work first; news and thanks only when nothing else is due, and a few at a time, so that other mails do not wait
    for them.
    """
    dialect = db.engine.dialect.name
    return (
        _claim_due(_CLAIM_AWAITED[dialect], limit, lease)
        or _take_first(_CLAIM_FIRST[dialect], limit, lease)
        or _claim_due(_CLAIM_LAST[dialect], min(limit, LAST_AT_ONCE), lease)
    )


def _claim_due(statement: TextualSelect, limit: int, lease: timedelta) -> list[Claimed]:
    now = clock.now()
    until = now + lease
    values = {"now": now, "lease": until, "limit": limit}
    return _claimed(write_autocommit(lambda connection: connection.execute(statement, values).all()), until)


def _take_first(statements: Mapping[Lane, TextualSelect], limit: int, lease: timedelta) -> list[Claimed]:
    if not is_first_due():
        return []
    taken: list[Row[Any]] = []
    with transaction() as session:
        opening = valve.lock(session)
        now = clock.now()
        for lane, floor in valve.lanes(opening).items():
            room = min(limit - len(taken), valve.available(opening, now, floor=floor))
            values = {"now": now, "lease": now + lease, "limit": room, "group": opening.slow_group}
            rows = session.execute(statements[lane], values).all() if room else []
            valve.consume(opening, len(rows), now, floor=floor)
            taken += rows
    return _claimed(taken, now + lease)


def _claimed(rows: Sequence[Row[Any]], until: datetime) -> list[Claimed]:
    return [
        Claimed(**{**row._asdict(), "kind": MailKind(row.kind)}, lease_until=until) for row in sorted(rows)
    ]


def sent(mails: Sequence[Claimed]) -> None:
    """Mark mails as sent, except those that another worker has claimed since."""
    _mark(*mails, state=MailState.SENT, sent_at=clock.now(), last_error=None, payload=None)


def finish(
    mail: Claimed,
    state: MailState,
    error: str | None = None,
    returned: Returned | None = None,
    status: str | None = None,
) -> bool:
    """Mark a mail as dropped or dead; False when another worker has claimed it since."""
    found: dict[str, Any] = {"last_error": error, "returned": returned, "returned_status": status}
    if state is MailState.DROPPED:
        found["payload"] = None
    return _mark(mail, state=state, **found)


def defer(mail: Claimed, due: datetime, error: str) -> bool:
    """Put a mail back for a later attempt; False when another worker has claimed it since."""
    turn_at = case((OutboxMail.turn_at < due, due), else_=OutboxMail.turn_at)
    return _mark(mail, due_at=due, turn_at=turn_at, last_error=error)


def postpone(mail: Claimed, until: datetime, error: str) -> bool:
    """Leave a mail due that no server could take, so that its age tells for how long, for an attempt after `until`; False as in
    defer().
    """
    return _mark(mail, lease_until=until, last_error=error)


def release(mails: Sequence[Claimed]) -> None:
    """Give back mails of one claim that were not tried, as if they had never been claimed."""
    _mark(*mails, attempts=OutboxMail.attempts - 1)


def renew(mails: Sequence[Claimed], lease: timedelta) -> None:
    """Extend the lease of mails, except of those that another worker has claimed since."""
    _mark(*mails, lease_until=clock.now() + lease)


def _mark(*mails: Claimed, lease_until: datetime | None = None, **values: Any) -> bool:
    """Change what is still claimed by whoever has these mails: each claim raises `attempts`. False when some are not."""
    ours = tuple_(OutboxMail.id, OutboxMail.attempts).in_([(mail.id, mail.attempts) for mail in mails])
    statement = (
        update(OutboxMail)
        .where(ours, OutboxMail.state == MailState.QUEUED)
        .values(lease_until=lease_until, **values)
    )
    return write_autocommit(lambda connection: connection.execute(statement).rowcount) == len(mails)


def oldest_due() -> datetime | None:
    """Since when (UTC) the mail, or the request for one, that waits longest has been due; for the operator's alarm.

    What is held back does not count, nor do thanks and news, which wait for every other mail (oldest_last_due()).
    """
    opening = valve.current()
    lanes = valve.unhindered(opening) if valve.closed_since() is None else []
    waiting = [_oldest_due(which) for which in (AWAITED, *(LANES[lane] for lane in lanes))]
    waiting.append(select(func.min(MailRequest.due_at)).where(MailRequest.due_at <= clock.now()))
    with reading() as connection:
        rows = connection.execute(union_all(*waiting), {"group": opening.slow_group})
        found = [moment for moment in rows.scalars() if moment is not None]
    return min(found, default=None)


def oldest_last_due() -> datetime | None:
    """Since when (UTC) the mail with thanks, or the news, that waits longest has been due."""
    return fetch(_oldest_due(LAST)).scalar_one()


def _oldest_due(which: str) -> Select[datetime]:
    return select(func.min(_TABLE.due_at)).where(
        text(f"state = 'queued' AND {which}"), _TABLE.due_at <= clock.now()
    )


def dead_letters(limit: int | None = None, before: int | None = None) -> list[OutboxMail]:
    """The mails that were given up, newest first; nothing in them names a person."""
    query = select(OutboxMail).where(_DEAD).order_by(OutboxMail.id.desc()).limit(limit)
    return load(query if before is None else query.where(OutboxMail.id < before))


def returned_counts(within: timedelta) -> dict[Returned, int]:
    """How many of the mails of this time came back, or were complained of."""
    query = (
        select(_TABLE.returned, func.count())
        .where(text("returned IS NOT NULL"), _TABLE.created_at >= clock.now() - within)
        .group_by(_TABLE.returned)
    )
    return {Returned(returned): number for returned, number in fetch(query)}


#: The classes by name, each with the predicate of its index (mail/models.py).
CLASSES = {"awaited": AWAITED, "first": FIRST, "last": LAST}


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
    # Literal, as the predicates of the indexes are: for a bound value neither database would use them.
    parts = [
        _counted(name, OutboxMail.due_at).where(text(f"state = 'queued' AND {which}"))
        for name, which in CLASSES.items()
    ]
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
    oldest = min((found.oldest_due for found in waiting if found.oldest_due), default=None)
    return Backlog("all", sum(found.due for found in waiting), sum(found.later for found in waiting), oldest)


def _counted(name: str, due_at: InstrumentedAttribute[datetime]) -> Select[str, int, int, datetime]:
    is_due = due_at <= clock.now()
    due = func.count(case((is_due, 1)))
    return select(literal(name), due, func.count() - due, func.min(case((is_due, due_at))))
