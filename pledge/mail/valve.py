"""The valve: how many mails a minute go to addresses at which nobody has ever confirmed anything.

Whoever types other people's addresses, by whatever ways around the limits of a visitor, uses the site to send mails to
strangers. This bounds them for the whole site, over all workers. People who are known, and links that they ask for, are not
counted and go first. What is held back waits in the outbox.

The pace is a bucket that holds a minute's worth: PLEDGE_FIRST_MAIL_PACE mails may go at once, and afterwards one every 60
seconds divided by that number (the generic cell rate algorithm, ATM Forum TM 4.1: one moment says how full it is).
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from config import current_config
from pledge.core import clock
from pledge.core.db import reading
from pledge.core.db.types import UTCDateTime
from pledge.mail.models import MailValve

WINDOW = timedelta(minutes=1)
#: Less room than this counts as none: several senders use it up within a moment.
NARROW = timedelta(seconds=1)
#: It counts as open again when nothing was held back for so long; what is held back later is another closing.
REOPENED_AFTER = timedelta(minutes=10)
#: How often it is recorded that mails are still held back.
_NOTED_EVERY = timedelta(seconds=30)

#: The message to the operator.
HELD_BACK = "mails to new addresses are held back: more are requested than may be sent in a minute"

#: SQL: whether no mail may go now. Binds `full`, from full_from().
FULL = "EXISTS (SELECT 1 FROM mail_valves WHERE used_until > :full)"

_CREATE = text(
    "INSERT INTO mail_valves (id, used_until) VALUES (1, :now) ON CONFLICT (id) DO NOTHING"
).bindparams(bindparam("now", type_=UTCDateTime()))


def lock(session: Session) -> MailValve:
    """The valve's row, locked until the transaction ends."""
    query = select(MailValve).with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).first()
    if found is None:
        session.execute(_CREATE, {"now": clock.now()})
        found = session.scalars(query).one()
    return found


def available(valve: MailValve, now: datetime) -> int:
    """How many first mails may go now."""
    return max(0, (now + WINDOW - max(valve.used_until, now)) // _interval())


def consume(valve: MailValve, mails: int, now: datetime) -> None:
    """Record that so many mails go now."""
    if mails:
        valve.used_until = max(valve.used_until, now) + mails * _interval()


def full_from(now: datetime) -> datetime:
    """The valve is full while it is used up beyond this moment."""
    return now + WINDOW - _interval()


def record_held_back(session: Session) -> bool:
    """Record that mails are held back now; whether the valve has just closed. `session`: the caller's transaction."""
    valve, now = lock(session), clock.now()
    if valve.used_until <= min(full_from(now), now + WINDOW - NARROW):
        return False
    has_closed = not _is_closed(valve.held_at, now)
    if has_closed:
        valve.closed_at = now
    valve.held_at = now
    return has_closed


def is_recorded() -> bool:
    """Whether it was recorded a moment ago that mails are held back."""
    held_at = _read()[1]
    return held_at is not None and clock.now() - held_at < _NOTED_EVERY


def closed_since() -> datetime | None:
    """Since when mails to new addresses are held back; None when they are not."""
    closed_at, held_at = _read()
    return closed_at if _is_closed(held_at, clock.now()) else None


def _read() -> tuple[datetime | None, datetime | None]:
    with reading() as connection:
        row = connection.execute(select(MailValve.closed_at, MailValve.held_at)).first()
    return (None, None) if row is None else (row.closed_at, row.held_at)


def _is_closed(held_at: datetime | None, now: datetime) -> bool:
    return held_at is not None and now - held_at < REOPENED_AFTER


def _interval() -> timedelta:
    return WINDOW / current_config().first_mail_pace
