"""From sending the form to confirming, by mail provider: where do people get lost?

Read from the newest mails to confirm, of which every sign-up owes one: their ids grow with time, so the work is bounded
by `MOST` however many signed, and signing pays for no further index.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Row, select

from pledge import clock
from pledge.db import reading
from pledge.delivery.windows import first_since
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.signatures.models import Signature

#: Mails looked at, newest first; on a launch day they may all be of the last hour.
MOST = 20_000

#: Everybody, then each provider, as `signatures.mail_provider` names them.
ALL = "all"
PROVIDERS = ("naver", "kakao", "gmail", "other")


@dataclass(frozen=True)
class Line:
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
    lines: list[Line]


@dataclass
class _Person:
    provider: str
    mailed: bool
    took: timedelta | None


def funnel(campaign_id: int, within: timedelta) -> Funnel:
    """The sign-ups of the last days (at most seven: after that unconfirmed ones may be gone already).

    Who signed up twice counts once. A sign-up that was disowned or erased since is not in it.
    """
    since = clock.now() - within
    rows = _newest(since)
    people: dict[int, _Person] = {}
    for row in rows:
        if row.campaign_id != campaign_id:
            continue
        mailed = row.state == MailState.SENT
        known = people.get(row.subject_id)
        if known is not None:
            known.mailed = known.mailed or mailed
            continue
        took = row.confirmed_at and row.confirmed_at - row.submitted_at
        people[row.subject_id] = _Person(row.mail_provider, mailed, took)
    is_cut = len(rows) == MOST
    return Funnel(rows[-1].created_at if is_cut else since, is_cut, _lines(people.values()))


def _newest(since: datetime) -> list[Row[Any]]:
    mails, person = OutboxMail.__table__.c, Signature.__table__.c
    with reading() as connection:
        first = first_since(connection, mails.id, mails.created_at, since)
        newest = (
            select(mails.id, mails.subject_id, mails.state, mails.created_at)
            .where(mails.id >= first, mails.kind == MailKind.CONFIRM)
            .order_by(mails.id.desc())
            .limit(MOST)
            .subquery()
        )
        query = (
            select(
                *(newest.c.subject_id, newest.c.state, newest.c.created_at, person.campaign_id),
                *(person.mail_provider, person.submitted_at, person.confirmed_at),
            )
            .outerjoin_from(newest, Signature.__table__, person.id == newest.c.subject_id)
            .order_by(newest.c.id.desc())
        )
        return list(connection.execute(query).all())


def _lines(people: Iterable[_Person]) -> list[Line]:
    of: dict[str, list[_Person]] = {name: [] for name in (ALL, *PROVIDERS)}
    for person in people:
        of[ALL].append(person)
        of[person.provider if person.provider in of else PROVIDERS[-1]].append(person)
    return [_line(name, those) for name, those in of.items()]


def _line(provider: str, people: list[_Person]) -> Line:
    times = [person.took for person in people if person.took is not None]
    return Line(
        provider,
        submitted=len(people),
        mailed=sum(person.mailed for person in people),
        confirmed=len(times),
        median=median(times) if times else None,
    )
