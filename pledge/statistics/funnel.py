"""From sending the form to confirming, by mail provider: at which step people are lost.

Read from the newest mails to confirm, of which every sign-up gets one: their ids grow with time, so the work is bounded
by `MAX_MAILS` however many signed, and signing needs no further index.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import Row, case, func, select

from pledge.core import clock
from pledge.core.db import reading
from pledge.core.i18n import Phrase
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.signatures.invalidation.models import seconds_between
from pledge.signatures.models import Signature
from pledge.statistics.windows import first_since

#: Mails read, newest first; on a launch day they may all be of the last hour.
MAX_MAILS = 10_000

#: All providers, then each, as `signatures.mail_provider` names them.
ALL, OTHER = "all", "other"
PROVIDERS = {
    ALL: Phrase("provider", "All providers"),
    "naver": Phrase("provider", "Naver"),
    "kakao": Phrase("provider", "Daum and Kakao"),
    "gmail": Phrase("provider", "Gmail"),
    OTHER: Phrase("provider", "Other providers"),
}


@dataclass(frozen=True)
class FunnelLine:
    """The sign-ups at one mail provider, or at all."""

    provider: str
    submitted: int
    mailed: int
    confirmed: int
    median: timedelta | None  #: between sending the form and confirming; None when nobody confirmed


@dataclass(frozen=True)
class Funnel:
    since: datetime
    is_cut: bool  #: more signed up in that time than are looked at
    lines: list[FunnelLine]


#: Provider, whether a mail was sent (0 or 1), and the seconds from signing to confirming.
_Person = Row[str, int, float | None]


def funnel(campaign_id: int, within: timedelta) -> Funnel:
    """The sign-ups of the last days (at most seven: unconfirmed ones may be deleted after that).

    Somebody who signed up twice counts once. A sign-up that was disowned or erased since is not included.
    """
    since = clock.now() - within
    mails = OutboxMail.__table__.c
    is_sent = case((mails.state == MailState.SENT, 1), else_=0)
    with reading() as connection:
        first = first_since(connection, mails.id, mails.created_at, since)
        newest = (
            select(mails.subject_id, mails.created_at, is_sent.label("is_sent"))
            .where(mails.id >= first, mails.kind == MailKind.CONFIRM)
            .order_by(mails.id.desc())
            .limit(MAX_MAILS)
            .subquery()
        )
        number, oldest = connection.execute(select(func.count(), func.min(newest.c.created_at))).one()
        query = (
            select(
                Signature.mail_provider,
                func.max(newest.c.is_sent).label("mailed"),
                seconds_between(Signature.submitted_at, Signature.confirmed_at).label("seconds"),
            )
            .join(newest, newest.c.subject_id == Signature.id)
            .where(Signature.campaign_id == campaign_id)
            .group_by(Signature.id)
        )
        people = connection.execute(query).all()
    by_provider: dict[str, list[_Person]] = {name: [] for name in PROVIDERS}
    for person in people:
        by_provider[ALL].append(person)
        by_provider[person.mail_provider if person.mail_provider in by_provider else OTHER].append(person)
    lines = [_line(name, those) for name, those in by_provider.items()]
    is_cut = number == MAX_MAILS
    return Funnel(oldest if is_cut else since, is_cut, lines)


def _line(provider: str, people: list[_Person]) -> FunnelLine:
    times = [person.seconds for person in people if person.seconds is not None]
    return FunnelLine(
        provider,
        submitted=len(people),
        mailed=sum(person.mailed for person in people),
        confirmed=len(times),
        median=timedelta(seconds=round(median(times))) if times else None,
    )
