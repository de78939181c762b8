"""Whether mails arrive, by mail provider: of the mails to confirm, how many came back, how many were confirmed and how soon.

Read from the newest mails to new addresses, by their index, so the work is bounded by `MAX_ROWS` however many were sent. A
provider that begins to refuse our mails, or to sort them out as spam, shows as fewer confirmations than usual.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, TextClause, select, text

from pledge.abuse.models import AlertKind
from pledge.accounts import staff_alerts
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.mail.models import ASKED, FIRST, MailKind, OutboxMail, Returned
from pledge.signatures.invalidation.models import seconds_between
from pledge.signatures.models import Signature
from pledge.statistics.funnel import ALL, PROVIDERS

#: Mails read for one period, newest first.
MAX_ROWS = 10_000
#: People need some time to answer.
ANSWERED_AFTER = timedelta(minutes=15)
RECENT = timedelta(hours=3)
USUAL = timedelta(days=7)

#: Providers that are watched. The others are many, and a wave of robots at small domains is no matter of delivery.
WATCHED = ("naver", "kakao", "gmail")
#: With fewer mails than this nothing is concluded.
MIN_RECENT, MIN_USUAL = 50, 200
#: It has fallen when fewer than this part of the usual share are confirmed, or the delivered share by so much.
CONFIRMED_PART = 0.6
DELIVERED_DROP = 0.15

#: What says that a mail was not delivered.
_LOST = (Returned.FULL, Returned.NO_MAILBOX, Returned.POLICY, Returned.REFUSED)


@dataclass(frozen=True)
class ProviderDelivery:
    """The mails to confirm of one provider's people."""

    provider: str  #: as `signatures.mail_provider` names it
    mails: int
    delivered: int  #: nothing came back
    complaints: int
    confirmed: int
    median: timedelta | None  #: between sending the mail and confirming; None when nobody confirmed

    @property
    def delivered_share(self) -> float:
        return self.delivered / self.mails if self.mails else 0.0

    @property
    def confirmed_share(self) -> float:
        return self.confirmed / self.mails if self.mails else 0.0


@dataclass(frozen=True)
class Fall:
    """A provider where far fewer mails than usual are delivered or confirmed."""

    recent: ProviderDelivery
    usual: ProviderDelivery

    @property
    def shares(self) -> dict[str, int]:
        """The shares that fell, in percent, as the alert names them; none when neither has."""
        recent, usual = self.recent, self.usual
        fell: dict[str, float] = {}
        if recent.confirmed_share < usual.confirmed_share * CONFIRMED_PART:
            fell |= {"percent": recent.confirmed_share, "usual": usual.confirmed_share}
        if recent.delivered_share < usual.delivered_share - DELIVERED_DROP:
            fell |= {"delivered": recent.delivered_share, "usually_delivered": usual.delivered_share}
        return {name: round(share * 100) for name, share in fell.items()}


def deliverability() -> list[ProviderDelivery]:
    """The mails of the last hours, but for those that could not be answered yet."""
    now = clock.now()
    return _between(now - RECENT, now - ANSWERED_AFTER)


def falls() -> list[Fall]:
    """The watched providers at which the last hours are far below the days before."""
    now = clock.now()
    recent = {line.provider: line for line in deliverability()}
    usual = {line.provider: line for line in _between(now - USUAL, now - RECENT)}
    judged = [name for name in WATCHED if recent[name].mails >= MIN_RECENT and usual[name].mails >= MIN_USUAL]
    result = [Fall(recent[name], usual[name]) for name in judged]
    return [fall for fall in result if fall.shares]


def alert_falls() -> int:
    """Alert about these providers. Returns their number."""
    falling = falls()
    for fall in falling:
        with transaction() as session:
            staff_alerts.alert(
                session,
                AlertKind.DELIVERY_FELL,
                about=fall.recent.provider,
                also=(),
                provider=dict(PROVIDERS[fall.recent.provider].in_each()),
                **fall.shares,
            )
    return len(falling)


def _between(since: datetime, until: datetime) -> list[ProviderDelivery]:
    mails = OutboxMail.__table__.c
    sent = _mails(text(ASKED), mails.sent_at, since, until)
    # The server has said at once that they do not arrive.
    refused = _mails(
        text(f"returned IS NOT NULL AND state = 'dead' AND {FIRST}"), mails.created_at, since, until
    )
    with reading() as connection:
        rows = [*connection.execute(sent), *connection.execute(refused)]
    by_provider = {name: [row for row in rows if row.mail_provider == name] for name in PROVIDERS}
    return [_line(name, providers) for name, providers in by_provider.items() if name != ALL]


def _mails(which: TextClause, moment: ColumnElement[Any], since: datetime, until: datetime) -> Select[Any]:
    """Provider, what came back and seconds until the confirmation of the newest mails to confirm of that time."""
    mails, person = OutboxMail.__table__.c, Signature.__table__.c
    newest = (
        select(mails.subject_id, mails.returned, mails.sent_at)
        .where(which, mails.kind == MailKind.CONFIRM, moment > since, moment <= until)
        .order_by(moment.desc())
        .limit(MAX_ROWS)
        .subquery()
    )
    took = seconds_between(newest.c.sent_at, person.confirmed_at).label("seconds")
    return select(person.mail_provider, newest.c.returned, took).join_from(
        newest, Signature.__table__, person.id == newest.c.subject_id
    )


def _line(provider: str, rows: Sequence[Row[Any]]) -> ProviderDelivery:
    times = [row.seconds for row in rows if row.seconds is not None]
    return ProviderDelivery(
        provider,
        mails=len(rows),
        delivered=sum(row.returned not in _LOST for row in rows),
        complaints=sum(row.returned == Returned.COMPLAINT for row in rows),
        confirmed=len(times),
        median=timedelta(seconds=round(median(times))) if times else None,
    )
