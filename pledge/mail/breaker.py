"""The breaker: whether mails to addresses at which nobody has ever confirmed anything are answered as people answer them.

Somebody who types other people's addresses makes the site send mails that nobody confirms; after some thousands of them the
mail providers refuse the whole domain. So the share of such mails that were confirmed is watched. When it is far too small,
the breaker opens: signing asks everybody for proof of work, mails to new addresses fall to a floor (mail/valve.py) unless they
were asked for with that proof, and staff are told. When those with proof are not confirmed either, they go more slowly too.
Where it is too small by the mails of one domain or network only, those fall to the floor, and nothing changes for anybody
else. All of it ends by itself.

Two checks, as a flood should be seen within minutes and people need some: two minutes after they were sent a quarter of the
share (PLEDGE_BREAKER_SHARE) must have been confirmed, after ten minutes all of it. On a slow morning, with fewer than
MIN_MAILS mails in an hour, nothing is judged.

While it is closed, the pace follows those who confirm: what the mail server accepted in a minute may go again as many times as
it was confirmed better than CLOSES_AT times the share. So it more than doubles each minute while people sign and confirm, and a
flood that nobody confirms is never more than a part of what they have earned.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, text

from config import current_config
from pledge.core import clock
from pledge.core.db import fetch, transaction
from pledge.core.db.snapshots import Snapshot
from pledge.core.db.types import ago, any_in_order
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
#: What went out in the minute before says which pace is earned; the later moment is for mailboxes that are slow.
EARNED_AFTER = (timedelta(minutes=1), timedelta(minutes=5))
#: Seconds for which a process goes by what it read last.
FRESH_SECONDS = 3.0

#: By kind of mail: of these subjects, those that were confirmed. Answered by the packages above (worker/registry.py).
Confirmations = Mapping[MailKind, Callable[[Collection[int]], set[int]]]

#: The message to the operator.
OPEN = "few of the mails to new addresses are confirmed, so the others go out slowly"


#: People have answered by then, as far as they do.
ANSWERED_AFTER = timedelta(minutes=10)
#: What part of the share must be confirmed so long after the mails were sent.
CHECKS = {timedelta(minutes=2): 0.25, ANSWERED_AFTER: 1.0}


@dataclass(frozen=True)
class JudgedMail:
    """A mail to confirm: its domain and network, where known, and whether it was confirmed."""

    groups: frozenset[bytes]
    is_confirmed: bool


@dataclass(frozen=True)
class Failure:
    """Too few of these mails were confirmed."""

    mails: Sequence[JudgedMail]
    #: The one domain or network without which it would have been enough, or nobody could say.
    group: bytes | None


#: SQL: mails of the last hour, or what was decided by earlier ones.
ANY_TO_JUDGE = or_(
    any_in_order(
        select(OutboxMail.id)
        .where(text(ASKED), OutboxMail.sent_at > ago(WITHIN))
        .order_by(OutboxMail.sent_at)
    ),
    *(
        exists().where(decided.is_not(None))
        for decided in (MailValve.breaker_opened_at, MailValve.slow_since, MailValve.pace)
    ),
)
_ANY_TO_JUDGE = select(ANY_TO_JUDGE)

_snapshot = Snapshot("breaker", lambda: False, FRESH_SECONDS)


def is_open() -> bool:
    """Whether the breaker is open, as of some seconds ago; for every request. Closed when the database has never answered."""
    return _snapshot.current(lambda: opened_at() is not None)


def opened_at() -> datetime | None:
    """Since when the breaker is open; None when it is closed."""
    return valve.current().breaker_opened_at


def watch(confirmations: Confirmations) -> None:
    """Judge the newest mails; open or close the breaker, slow down one group or what came with proof, or end that."""
    if not fetch(_ANY_TO_JUDGE).scalar_one():
        return
    now = valve.current()
    if now.breaker_opened_at is not None:
        if _may_close(confirmations, now.breaker_opened_at):
            _decide("breaker closed", breaker_opened_at=None, proved_unanswered=False)
        elif not now.proved_unanswered and _failure(confirmations, OutboxMail.proved.is_(True)) is not None:
            _decide("mails with proof are not confirmed either", proved_unanswered=True)
    elif (failure := _failure(confirmations)) is not None:
        confirmed = sum(mail.is_confirmed for mail in failure.mails)
        facts = {"mails": len(failure.mails), "confirmed": confirmed}
        if failure.group is None or now.slow_group not in (None, failure.group):
            opened = {"breaker_opened_at": clock.now(), "pace": None}
            _decide("breaker opened", facts, **opened, slow_group=None, slow_since=None)
        elif now.slow_group is None:
            slow = {"slow_group": failure.group, "slow_since": clock.now()}
            _decide("mails to one domain or from one network slowed down", facts, **slow)
    else:
        if (
            now.slow_group is not None
            and now.slow_since is not None
            and _may_close(confirmations, now.slow_since, valve.in_group(now.slow_group))
        ):
            _decide("they are not slowed down any more", slow_group=None, slow_since=None)
        earned = max(_earned_pace(confirmations, age) for age in EARNED_AFTER)
        _follow(now.pace, earned if earned > valve.START_PACE else None)


def _follow(before: int | None, pace: int | None) -> None:
    if pace != before:
        with transaction() as session:
            valve.lock(session).pace = pace


def _earned_pace(confirmations: Confirmations, age: timedelta) -> int:
    """The mails a minute of which enough would be confirmed, by those that went out in the minute up to so long ago."""
    end = clock.now() - age
    in_minute = (OutboxMail.sent_at > end - valve.WINDOW, OutboxMail.sent_at <= end)
    query = select(func.count()).where(text(ASKED), OutboxMail.kind.in_(confirmations), *in_minute)
    if (accepted := fetch(query).scalar_one()) < MIN_MAILS:
        return 0
    mails = _newest(confirmations, age)
    confirmed = sum(mail.is_confirmed for mail in mails) / len(mails)
    needed = max(1, current_config().breaker_share) / 100 * CLOSES_AT
    return min(round(accepted * confirmed / needed), current_config().first_mail_pace)


def _decide(event: str, facts: Mapping[str, int] | None = None, **columns: Any) -> None:
    """Write down what was decided, unless another worker has."""
    with transaction() as session:
        row = valve.lock(session)
        if columns.get("breaker_opened_at") and row.breaker_opened_at is not None:
            return
        for column, value in columns.items():
            setattr(row, column, value)
    _snapshot.clear()
    log.warning(event, **(facts or {}))


def _failure(confirmations: Confirmations, *which: ColumnElement[bool]) -> Failure | None:
    """Whether too few of the newest mails, of those that are meant, were confirmed."""
    for age, part in CHECKS.items():
        mails = _newest(confirmations, age, *which)
        if not _are_unanswered(mails, part):
            continue
        unanswered = Counter(group for mail in mails if not mail.is_confirmed for group in mail.groups)
        for group, _number in unanswered.most_common(1):
            if not _are_unanswered([mail for mail in mails if group not in mail.groups], part):
                return Failure(mails, group)
        return Failure(mails, None)
    return None


def _may_close(confirmations: Confirmations, since: datetime, *which: ColumnElement[bool]) -> bool:
    """Nothing that was judged is answered too seldom; what waits was judged by what went out before it."""
    if clock.now() - since < MIN_OPEN:
        return False
    unproved = _newest(confirmations, ANSWERED_AFTER, ~OutboxMail.proved, *which)
    everybody = _newest(confirmations, ANSWERED_AFTER, *which)
    if _are_unanswered(unproved, CLOSES_AT) or _are_unanswered(everybody, CLOSES_AT):
        return False
    return len(unproved) >= MIN_MAILS or not _is_waiting(*which)


def _are_unanswered(mails: Sequence[JudgedMail], part: float) -> bool:
    """Whether fewer than this part of the share were confirmed, of so many mails that it says something."""
    min_share = current_config().breaker_share / 100 * part
    confirmed = sum(mail.is_confirmed for mail in mails)
    return len(mails) >= MIN_MAILS and confirmed / len(mails) < min_share


def _newest(confirmations: Confirmations, age: timedelta, *which: ColumnElement[bool]) -> list[JudgedMail]:
    """The newest mails of that age."""
    now = clock.now()
    query = (
        select(OutboxMail.kind, OutboxMail.subject_id, OutboxMail.domain_hash, OutboxMail.network_hash)
        .where(
            text(ASKED),
            OutboxMail.kind.in_(confirmations),
            OutboxMail.sent_at > now - WITHIN,
            OutboxMail.sent_at <= now - age,
            *which,
        )
        .order_by(OutboxMail.sent_at.desc())
        .limit(MAX_MAILS)
    )
    rows = fetch(query).all()
    confirmed = {
        kind: confirmed_of({row.subject_id for row in rows if row.kind == kind})
        for kind, confirmed_of in confirmations.items()
    }
    return [
        JudgedMail(
            frozenset({row.domain_hash, row.network_hash} - {None}),
            row.subject_id in confirmed[MailKind(row.kind)],
        )
        for row in rows
    ]


def _is_waiting(*which: ColumnElement[bool]) -> bool:
    """Whether a mail without proof is due, of those that are meant."""
    query = select(OutboxMail.id).where(
        text(f"state = '{MailState.QUEUED}' AND {UNPROVED}"), OutboxMail.due_at <= clock.now(), *which
    )
    return fetch(query.limit(1)).first() is not None
