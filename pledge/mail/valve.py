"""The valve: how many mails a minute go to addresses at which nobody has ever confirmed anything.

Whoever types other people's addresses, by whatever ways around the limits of a visitor, uses the site to send mails to
strangers. This bounds them for the whole site, over all workers. People who are known, and links that they ask for, are not
counted and go first. What is held back waits in the outbox. While the breaker is open (mail/breaker.py), mails that were asked
for without proof of work have a pace of their own, PLEDGE_BREAKER_PACE.

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

#: SQL: whether no mail may go now that was asked for with proof, or without. They bind what bounds() gives.
FULL_PROVED = "EXISTS (SELECT 1 FROM mail_valves WHERE used_until > :full)"
FULL_UNPROVED = """EXISTS (SELECT 1 FROM mail_valves
      WHERE CASE WHEN breaker_opened_at IS NULL THEN used_until > :full ELSE floor_used_until > :floor_full END)"""

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


def available(valve: MailValve, now: datetime, *, proved: bool) -> int:
    """How many first mails may go now that were asked for with proof, or without."""
    if _is_at_floor(valve, proved):
        return _room(valve.floor_used_until or now, now, _floor_interval())
    return _room(valve.used_until, now, _interval())


def consume(valve: MailValve, mails: int, now: datetime, *, proved: bool) -> None:
    """Record that so many mails go now."""
    if not mails:
        return
    if _is_at_floor(valve, proved):
        valve.floor_used_until = max(valve.floor_used_until or now, now) + mails * _floor_interval()
    else:
        valve.used_until = max(valve.used_until, now) + mails * _interval()


def bounds(now: datetime) -> dict[str, datetime]:
    """What FULL_PROVED and FULL_UNPROVED bind: the valve is full while it is used up beyond these moments."""
    return {"full": _full_from(now), "floor_full": now + WINDOW - _floor_interval()}


def record_held_back(session: Session) -> bool:
    """Record that mails are held back now; whether the valve has just closed. `session`: the caller's transaction."""
    valve, now = lock(session), clock.now()
    if valve.breaker_opened_at is not None:
        return False  # staff were told of that
    if valve.used_until <= min(_full_from(now), now + WINDOW - NARROW):
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


def _is_at_floor(valve: MailValve, proved: bool) -> bool:
    return valve.breaker_opened_at is not None and not proved


def _room(used_until: datetime, now: datetime, interval: timedelta) -> int:
    return max(0, (now + WINDOW - max(used_until, now)) // interval)


def _full_from(now: datetime) -> datetime:
    return now + WINDOW - _interval()


def _interval() -> timedelta:
    return WINDOW / current_config().first_mail_pace


def _floor_interval() -> timedelta:
    return WINDOW / current_config().breaker_pace
