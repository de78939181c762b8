"""From sending the form to confirming, by mail provider: at which step people are lost.

Read from the newest mails to confirm, of which every sign-up gets one: their ids grow with time, so the work is bounded
by `MAX_MAILS` however many signed, and signing needs no further index.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Row, select

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
    """One provider's people, or all."""

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


@dataclass
class _Person:
    provider: str
    mailed: bool
    seconds: float | None  #: None without a confirmation


def funnel(campaign_id: int, within: timedelta) -> Funnel:
    """The sign-ups of the last days (at most seven: unconfirmed ones may be deleted after that).

    Somebody who signed up twice counts once. A sign-up that was disowned or erased since is not included.
    """
    since = clock.now() - within
    rows, oldest = _newest(since)
    people: dict[int, _Person] = {}
    for row in rows:
        if row.campaign_id != campaign_id:
            continue
        known = people.setdefault(
            row.subject_id, _Person(row.mail_provider, mailed=False, seconds=row.seconds)
        )
        known.mailed = known.mailed or row.state == MailState.SENT
    return Funnel(oldest or since, oldest is not None, _lines(people.values()))


def _newest(since: datetime) -> tuple[list[Row[Any]], datetime | None]:
    """Mail, campaign, provider and time taken of the newest sign-ups; since when, if there are more than are read."""
    mails, person = OutboxMail.__table__.c, Signature.__table__.c
    with reading() as connection:
        first = first_since(connection, mails.id, mails.created_at, since)
        newest = (
            select(mails.id, mails.subject_id, mails.state)
            .where(mails.id >= first, mails.kind == MailKind.CONFIRM)
            .order_by(mails.id.desc())
            .limit(MAX_MAILS)
            .subquery()
        )
        took = seconds_between(person.submitted_at, person.confirmed_at).label("seconds")
        query = select(newest.c.subject_id, newest.c.state, person.campaign_id, person.mail_provider, took)
        rows = connection.execute(
            query.outerjoin_from(newest, Signature.__table__, person.id == newest.c.subject_id)
        ).all()
        if len(rows) < MAX_MAILS:
            return list(rows), None
        last = select(newest.c.id).order_by(newest.c.id).limit(1).scalar_subquery()
        return list(rows), connection.execute(select(mails.created_at).where(mails.id == last)).scalar()


def _lines(people: Iterable[_Person]) -> list[FunnelLine]:
    by_provider: dict[str, list[_Person]] = {name: [] for name in PROVIDERS}
    for person in people:
        by_provider[ALL].append(person)
        by_provider[person.provider if person.provider in by_provider else OTHER].append(person)
    return [_line(name, those) for name, those in by_provider.items()]


def _line(provider: str, people: list[_Person]) -> FunnelLine:
    times = [person.seconds for person in people if person.seconds is not None]
    return FunnelLine(
        provider,
        submitted=len(people),
        mailed=sum(person.mailed for person in people),
        confirmed=len(times),
        median=timedelta(seconds=round(median(times))) if times else None,
    )
