"""The valve: how many mails a minute go to addresses at which nobody has ever confirmed anything.

Whoever types other people's addresses, by whatever ways around the limits of a visitor, uses the site to send mails to
strangers. This bounds them for the whole site, over all workers. People who are known, and links that they ask for, are not
counted and go first. What is held back waits in the outbox.

What the breaker has found (mail/breaker.py) goes by a floor of its own, PLEDGE_BREAKER_PACE: while it is open, all that was
asked for without proof of work; else the mails of the one domain or network that nobody confirms. While proofs are not
confirmed either, what has one goes by a quarter of the usual pace.

The pace begins with START_PACE and grows with those who confirm, up to PLEDGE_FIRST_MAIL_PACE (mail/breaker.py). It is a bucket
that holds a minute's worth: so many mails may go at once, and afterwards one every 60 seconds divided by that number (the
generic cell rate algorithm, ATM Forum TM 4.1: one moment says how full it is).
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, false, func, or_, select, text
from sqlalchemy.orm import Session

from config import current_config
from pledge.core import clock
from pledge.core.db import insert_into, load
from pledge.mail.models import PROVED, UNPROVED, MailValve, OutboxMail

WINDOW = timedelta(minutes=1)
#: Less room than this counts as none: several senders use it up within a moment.
NARROW = timedelta(seconds=1)
#: It counts as open again when nothing was held back for so long; what is held back later is another closing.
REOPENED_AFTER = timedelta(minutes=10)
#: How often it is recorded that mails are still held back.
_NOTED_EVERY = timedelta(seconds=30)

#: The message to the operator.
HELD_BACK = "mails to new addresses are held back: more are requested than may be sent in a minute"

#: Mails a minute before anybody has confirmed: 20 sign-ups a second, and no more strangers than a mail provider forgives in
#: the two minutes after which the breaker sees that nobody answers.
START_PACE = 1200

#: The part of the pace for mails with proof of work, while nobody confirms those either.
PROVED_PART = 4

_UNUSED = datetime.min.replace(tzinfo=UTC)


def lock(session: Session) -> MailValve:
    """The valve's row, locked until the transaction ends."""
    query = select(MailValve).with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).first()
    if row is None:
        added = insert_into(session.connection(), MailValve).values(id=1, used_until=clock.now())
        session.execute(added.on_conflict_do_nothing())
        row = session.scalars(query).one()
    return row


def current() -> MailValve:
    """The valve as it is now, in no session."""
    return next(iter(load(select(MailValve))), MailValve(used_until=_UNUSED))


class Lane(NamedTuple):
    """A part of the first mails."""

    which: ColumnElement[bool]
    floor: bool  #: limited to the floor, also while the pace is higher


def in_group(group: bytes) -> ColumnElement[bool]:
    """SQL: the mail is to this domain, or was asked for from this network (OutboxMail)."""
    return or_(OutboxMail.domain_hash == group, OutboxMail.network_hash == group)


def lanes(valve: MailValve) -> list[Lane]:
    """The lanes of the moment, in the order in which they go: first what was asked for with proof of work."""
    proved, unproved = Lane(and_(text(PROVED)), floor=False), and_(text(UNPROVED))
    if valve.breaker_opened_at is not None or valve.slow_group is None:
        return [proved, Lane(unproved, floor=valve.breaker_opened_at is not None)]
    is_slow = func.coalesce(in_group(valve.slow_group), false())
    return [proved, Lane(unproved & ~is_slow, floor=False), Lane(unproved & is_slow, floor=True)]


def unhindered(valve: MailValve) -> list[ColumnElement[bool]]:
    """The mails of the lanes that should go out at once, but for the usual pace."""
    return [lane.which for lane in lanes(valve) if not lane.floor and not _is_reduced(valve)]


def pace(valve: MailValve) -> int:
    """Mails a minute that may go above the floor."""
    return min(valve.pace or START_PACE, current_config().first_mail_pace)


def available(valve: MailValve, now: datetime, *, floor: bool) -> int:
    """How many first mails may go now, at the floor or at the pace above it."""
    if floor:
        return _room(valve.floor_used_until or now, now, _floor_interval())
    return _room(valve.used_until, now, _interval(valve))


def consume(valve: MailValve, mails: int, now: datetime, *, floor: bool) -> None:
    """Record that so many mails go now."""
    if not mails:
        return
    if floor:
        valve.floor_used_until = max(valve.floor_used_until or now, now) + mails * _floor_interval()
    else:
        valve.used_until = max(valve.used_until, now) + mails * _interval(valve)


def record_throttled(session: Session) -> bool:
    """Record that mails are held back now; whether the valve has just closed. `session`: the caller's transaction."""
    valve, now = lock(session), clock.now()
    if valve.breaker_opened_at is not None:
        return False  # staff were told of that
    if valve.used_until <= now + WINDOW - max(_interval(valve), NARROW):
        return False
    has_closed = not _is_closed(valve.held_at, now)
    if has_closed:
        valve.closed_at = now
    valve.held_at = now
    return has_closed


def is_recorded() -> bool:
    """Whether it was recorded lately that mails are held back."""
    held_at = current().held_at
    return held_at is not None and clock.now() - held_at < _NOTED_EVERY


def closed_since() -> datetime | None:
    """Since when mails to new addresses are held back; None when they are not."""
    valve = current()
    return valve.closed_at if _is_closed(valve.held_at, clock.now()) else None


def _is_closed(held_at: datetime | None, now: datetime) -> bool:
    return held_at is not None and now - held_at < REOPENED_AFTER


def _room(used_until: datetime, now: datetime, interval: timedelta) -> int:
    return max(0, (now + WINDOW - max(used_until, now)) // interval)


def _interval(valve: MailValve) -> timedelta:
    return WINDOW / pace(valve) * (PROVED_PART if _is_reduced(valve) else 1)


def _is_reduced(valve: MailValve) -> bool:
    return valve.breaker_opened_at is not None and bool(valve.proved_unanswered)


def _floor_interval() -> timedelta:
    return WINDOW / current_config().breaker_pace
