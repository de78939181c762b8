"""Sending news: enqueued for everybody who asked for it, batch by batch, to nobody twice, and begun at its milestone or its time.

A batch is one transaction: it writes the mails to the outbox and moves the cursor, which is the number of the last signature
handled. A killed worker leaves whole batches; a unique index over news and signature prevents a second mail. Mails
become due one after another at the pace of PLEDGE_NEWS_PACE, and are enqueued only a little ahead, so that few wait at a
time and a pause of mail does not end in a flood (docs/adr/0002).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, insert, or_, select, text
from sqlalchemy.orm import Session

from pledge.audit.models import WORKER
from pledge.audit.services import record
from pledge.campaigns.models import Campaign
from pledge.campaigns.opening import open_now
from pledge.core import clock
from pledge.core.db import fetch, transaction
from pledge.core.db.types import NOW, ago
from pledge.ledger.models import LedgerHead
from pledge.mail.models import LAST, NEWS, MailKind, OutboxMail
from pledge.news.models import NewsItem, NewsState
from pledge.signatures.models import WANTS_NEWS, Signature

BATCH = 500

#: Confirmations that were under way when the button was pressed are in the database by then.
SETTLED = timedelta(seconds=20)
#: How far ahead of their time mails are enqueued.
AHEAD = timedelta(seconds=30)
#: When news is overdue for so long, the senders do not keep up or mail is paused: nothing is enqueued until it is sent.
LATE = timedelta(minutes=1)

_NEWS = text(f"state = 'queued' AND {LAST} AND {NEWS}")
#: Not tried yet: a mail that was refused and put off has a due time of its own, which says nothing about the pace.
_UNTRIED = OutboxMail.attempts == 0

_IS_REACHED = (
    NewsItem.milestone
    <= select(LedgerHead.people).where(LedgerHead.campaign_id == NewsItem.campaign_id).scalar_subquery()
)
#: It was approved and its number of people is reached, or it was announced and nobody has stopped it in time.
_BEGINS = or_(
    and_(NewsItem.state == NewsState.APPROVED, _IS_REACHED),
    and_(
        NewsItem.state == NewsState.PROPOSED,
        NewsItem.due_at <= NOW,
        or_(NewsItem.milestone.is_(None), _IS_REACHED),
    ),
)
_IS_READY = and_(NewsItem.state == NewsState.SENDING, NewsItem.begun_at <= ago(SETTLED))
ANY_DUE = exists().where(or_(_IS_READY, _BEGINS))
_ANY_DUE = select(ANY_DUE)


def advance(pace: int, limit: int = BATCH) -> bool:
    """Begin what has reached its milestone or its time, then enqueue the next batch of the oldest news at `pace` mails a minute.

    False when there is nothing to do now.
    """
    if not fetch(_ANY_DUE).scalar_one():
        return False
    now = clock.now()
    with transaction() as session:
        for item in session.scalars(select(NewsItem).where(_BEGINS).with_for_update(skip_locked=True)):
            is_open = select(Campaign.id).where(Campaign.id == item.campaign_id, open_now())
            if item.closing_moved and session.scalar(is_open) is None:
                item.reset(NewsState.DRAFT)  # it says that signing goes on
                item.due_at = None
                record(session, WORKER, "news.take_back", f"news:{item.id}")
                continue
            item.state, item.begun_at = NewsState.SENDING, now
            record(session, WORKER, "news.begin", f"news:{item.id}", milestone=item.milestone)
        # The lock keeps the pace when several workers run: one at a time enqueues news, whichever it is.
        begun = session.scalars(
            select(NewsItem).where(_IS_READY).order_by(NewsItem.id).with_for_update(skip_locked=True)
        ).all()
        if not begun:
            return False
        item = begun[0]
        times = _free_times(session, now, timedelta(minutes=1) / pace, limit)
        if not times:
            return False
        signatures = _next(session, item, len(times))
        if signatures:
            session.execute(insert(OutboxMail), _mails(item, signatures, times, now))
            item.mails += len(signatures)
            item.upto = signatures[-1].id
        if len(signatures) < len(times):
            item.state, item.ended_at = NewsState.SENT, now
            record(session, WORKER, "news.sent", f"news:{item.id}", mails=item.mails)
        return True


def _next(session: Session, item: NewsItem, most: int) -> list[Any]:
    """The next signatures that are counted, asked for news before it was begun, and are not blocked."""
    query = (
        select(Signature.id, Signature.lang)
        .where(
            Signature.campaign_id == item.campaign_id,
            text(WANTS_NEWS),
            Signature.id > item.upto,
            Signature.confirmed_at <= item.begun_at,
        )
        .order_by(Signature.id)
        .limit(most)
    )
    return list(session.execute(query).all())


def _mails(item: NewsItem, people: list[Any], times: list[datetime], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "kind": MailKind.NEWS,
            "subject_id": person.id,
            "seq": item.id,
            "lang": person.lang,
            "created_at": now,
            "due_at": due_at,
        }
        for person, due_at in zip(people, times, strict=False)
    ]


def _free_times(session: Session, now: datetime, apart: timedelta, most: int) -> list[datetime]:
    """The next due times for mails, up to AHEAD from now; none while the senders do not keep up."""
    untried = select(func.min(OutboxMail.due_at), func.max(OutboxMail.due_at)).where(_NEWS, _UNTRIED)
    oldest, last = session.execute(untried).one()
    if oldest is not None and oldest < now - LATE:
        return []
    first = now if last is None else max(now, last + apart)
    fit = int((now + AHEAD - first) / apart) + 1 if first <= now + AHEAD else 0
    return [first + number * apart for number in range(min(fit, most))]
