"""The breaker: whether mails to addresses at which nobody has ever confirmed anything are answered as people answer them.

Somebody who types other people's addresses makes the site send mails that nobody confirms; after some thousands of them the
mail providers refuse the whole domain. So the share of such mails that were confirmed is watched. When it is far too small,
the breaker opens: signing asks everybody for proof of work, mails to new addresses fall to a floor (PLEDGE_BREAKER_PACE,
mail/valve.py) unless they were asked for with that proof, and staff are told. It closes by itself.

Two checks, as a flood should be seen within minutes and people need some: two minutes after they were sent a quarter of the
share (PLEDGE_BREAKER_SHARE) must have been confirmed, after ten minutes all of it. On a slow morning, with fewer than
MIN_MAILS mails in an hour, nothing is judged.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text

from config import current_config
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.db.snapshots import Snapshot
from pledge.core.logs import log
from pledge.mail import valve
from pledge.mail.models import ASKED, UNPROVED, MailKind, MailState, MailValve, OutboxMail

#: The mails that are judged: the newest, of the last hour.
MAX_MAILS = 500
WITHIN = timedelta(hours=1)
#: Fewer than this say nothing.
MIN_MAILS = 100
#: It stays open for so long, and until this many times the share is confirmed: it must not open and close all the time.
MIN_OPEN = timedelta(minutes=10)
CLOSES_AT = 1.5
#: Seconds for which a process goes by what it read last.
FRESH_SECONDS = 3.0

#: By kind of mail: of these subjects, those that were confirmed. Answered by the packages above (worker/registry.py).
Confirmations = Mapping[MailKind, Callable[[Collection[int]], set[int]]]

#: The message to the operator.
OPEN = "few of the mails to new addresses are confirmed, so the others go out slowly"


@dataclass(frozen=True)
class Check:
    """A part of the share must be confirmed when a mail was sent so long ago."""

    age: timedelta
    part: float


QUICK = Check(timedelta(minutes=2), 0.25)
FULL = Check(timedelta(minutes=10), 1.0)


@dataclass(frozen=True)
class Answers:
    """What became of mails to confirm."""

    mails: int
    confirmed: int

    @property
    def share(self) -> float:
        return self.confirmed / self.mails


_snapshot = Snapshot("breaker", lambda: False, FRESH_SECONDS)


def is_open() -> bool:
    """Whether the breaker is open, as of some seconds ago; for every request. Closed when the database has never answered."""
    return _snapshot.current(lambda: opened_at() is not None)


def opened_at() -> datetime | None:
    """Since when the breaker is open; None when it is closed."""
    with reading() as connection:
        return connection.execute(select(MailValve.breaker_opened_at)).scalar()


def watch(confirmations: Confirmations) -> None:
    """Judge the newest mails; open or close the breaker."""
    since = opened_at()
    if since is None:
        if (answers := _too_few(confirmations)) is not None:
            _open(answers)
    elif _may_close(confirmations, since):
        with transaction() as session:
            valve.lock(session).breaker_opened_at = None
        _snapshot.clear()
        log.warning("breaker closed")


def _too_few(confirmations: Confirmations) -> Answers | None:
    for check in (QUICK, FULL):
        answers = _answers(confirmations, check.age)
        if answers is not None and answers.share < _min_share() * check.part:
            return answers
    return None


def _may_close(confirmations: Confirmations, since: datetime) -> bool:
    """Nothing that was judged is answered too seldom; what waits was judged by what went out before it."""
    if clock.now() - since < MIN_OPEN:
        return False
    unproved = _answers(confirmations, FULL.age, only_unproved=True)
    everybody = _answers(confirmations, FULL.age)
    if any(found is not None and found.share < _min_share() * CLOSES_AT for found in (unproved, everybody)):
        return False
    return unproved is not None or not _is_waiting()


def _open(answers: Answers) -> None:
    with transaction() as session:
        found = valve.lock(session)
        if found.breaker_opened_at is not None:
            return  # another worker was first
        found.breaker_opened_at = clock.now()
    _snapshot.clear()
    log.warning("breaker opened", mails=answers.mails, confirmed=answers.confirmed)


def _answers(confirmations: Confirmations, age: timedelta, *, only_unproved: bool = False) -> Answers | None:
    """What became of the newest mails of that age; None when they are too few to say."""
    now = clock.now()
    query = (
        select(OutboxMail.kind, OutboxMail.subject_id)
        .where(
            text(ASKED),
            OutboxMail.kind.in_(confirmations),
            OutboxMail.sent_at > now - WITHIN,
            OutboxMail.sent_at <= now - age,
        )
        .order_by(OutboxMail.sent_at.desc())
        .limit(MAX_MAILS)
    )
    if only_unproved:
        query = query.where(~OutboxMail.proved)
    with reading() as connection:
        asked = [(MailKind(kind), subject) for kind, subject in connection.execute(query)]
    if len(asked) < MIN_MAILS:
        return None
    confirmed = {
        kind: confirmed_of({subject for of, subject in asked if of is kind})
        for kind, confirmed_of in confirmations.items()
    }
    return Answers(len(asked), sum(subject in confirmed[kind] for kind, subject in asked))


def _is_waiting() -> bool:
    """Whether a mail without proof is due."""
    query = select(OutboxMail.id).where(
        text(f"state = '{MailState.QUEUED}' AND {UNPROVED}"), OutboxMail.due_at <= clock.now()
    )
    with reading() as connection:
        return connection.execute(query.limit(1)).first() is not None


def _min_share() -> float:
    return current_config().breaker_share / 100
