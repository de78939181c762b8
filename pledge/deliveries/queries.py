"""Reads of the register: for its screens, and the public view of deliveries."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.orm import contains_eager, defer

from pledge.campaigns.forgetting import AFTER_DELIVERY
from pledge.campaigns.models import Campaign, CampaignState
from pledge.core import clock
from pledge.core.db import fetch, load
from pledge.deliveries.models import (
    HANDED_OVER_STATES,
    AnswerState,
    Delivery,
    DeliveryAnswer,
    DeliveryState,
)
from pledge.ledger.models import Checkpoint, LedgerHead

#: At least so long after the entry of a handing-over, and after the end of its news, the signers' data is kept.
GRACE = timedelta(days=7)


#: Deliveries with the numbers of their checkpoints.
_WITH_COUNT = (
    select(Delivery)
    .join(Delivery.campaign)
    .join(Delivery.checkpoint)
    .options(
        contains_eager(Delivery.campaign).load_only(Campaign.slug, raiseload=True),
        contains_eager(Delivery.checkpoint).load_only(
            *(Checkpoint.people, Checkpoint.organizations, Checkpoint.size, Checkpoint.signed_at),
            raiseload=True,
        ),
    )
)
_DELIVERIES = _WITH_COUNT.options(
    defer(Delivery.document, raiseload=True), defer(Delivery.letter, raiseload=True)
)
_PUBLIC = _DELIVERIES.where(Delivery.state.in_(HANDED_OVER_STATES)).order_by(
    Delivery.handed_over_at.desc(), Delivery.id.desc()
)


def overview() -> list[Delivery]:
    """All deliveries, the newest first, without their documents."""
    return load(_DELIVERIES.order_by(Delivery.id.desc()))


def find(delivery_id: int) -> Delivery | None:
    """One delivery with its document; None when there is none."""
    return next(iter(load(_WITH_COUNT.where(Delivery.id == delivery_id))), None)


def public_deliveries(campaign_id: int) -> list[Delivery]:
    """The deliveries of a campaign that were handed over, the newest first, with their answers."""
    return load(_PUBLIC.where(Delivery.campaign_id == campaign_id))


def answered(since: datetime) -> list[Delivery]:
    """Those whose answer came after this moment."""
    rows = load(_DELIVERIES.where(Delivery.state == DeliveryState.ANSWERED))
    return [row for row in rows if row.answered_at and row.answered_at > since]


def open_answers() -> list[Delivery]:
    """Those with an answer that is not published yet, the oldest first."""
    waits = Delivery.answers.any(DeliveryAnswer.state != AnswerState.PUBLISHED)
    return load(_DELIVERIES.where(waits).order_by(Delivery.id))


def frozen() -> list[Delivery]:
    """Those that were not handed over yet, the oldest first."""
    return load(_DELIVERIES.where(Delivery.state == DeliveryState.FROZEN).order_by(Delivery.id))


def undelivered() -> list[Campaign]:
    """Campaigns in which nobody can sign any more and of which no totals were frozen."""
    has_ended = or_(Campaign.state == CampaignState.CLOSED, Campaign.closes_at <= clock.now())
    begun = exists().where(Delivery.campaign_id == Campaign.id, Delivery.state != DeliveryState.DISCARDED)
    query = (
        select(Campaign)
        .join(LedgerHead, LedgerHead.campaign_id == Campaign.id)
        .where(has_ended, Campaign.state != CampaignState.ARCHIVED, LedgerHead.log_size > 0, ~begun)
    )
    return load(query.order_by(Campaign.closes_at))


def awaited(until: date) -> list[Delivery]:
    """The deliveries whose answer is due by this Korean day, or was, and has not come; the longest overdue first."""
    waits = (Delivery.state == DeliveryState.HANDED_OVER, Delivery.answer_due <= until)
    return load(_DELIVERIES.where(*waits).order_by(Delivery.answer_due, Delivery.id))


def last_handed_over(news: Mapping[int, datetime]) -> dict[int, datetime]:
    """By campaign number, since when its totals count as handed over: the signers' data is deleted some time later.

    That is the last handing-over. One that was entered recently counts as so late that GRACE is left: a wrong date can still
    be corrected. So does one of a campaign whose news, of which `news` has the last time, was sent recently.
    """
    query = select(Delivery.campaign_id, Delivery.handed_over_at, Delivery.recorded_at).where(
        Delivery.handed_over_at.is_not(None)
    )
    since: dict[int, datetime] = {}
    for row in fetch(query):
        lately = [moment for moment in (row.recorded_at, news.get(row.campaign_id)) if moment]
        since[row.campaign_id] = max(
            row.handed_over_at,
            *(moment + GRACE - AFTER_DELIVERY for moment in lately),
            since.get(row.campaign_id, row.handed_over_at),
        )
    return since


def last_answered(news: Mapping[int, datetime]) -> dict[int, datetime]:
    """By campaign number, since when all its deliveries count as answered, as last_handed_over() does it; without the campaigns
    of which one waits for its answer.
    """
    rows = load(_DELIVERIES.where(Delivery.state.in_(HANDED_OVER_STATES)))
    waiting = {row.campaign_id for row in rows if row.published_answer is None}
    since: dict[int, datetime] = {}
    for row in rows:
        if row.published_answer and row.campaign_id not in waiting:
            moments = [row.published_answer.decided_at, row.answered_at, since.get(row.campaign_id)]
            if row.campaign_id in news:
                moments.append(news[row.campaign_id] + GRACE - AFTER_DELIVERY)
            since[row.campaign_id] = max(moment for moment in moments if moment)
    return since


def choices() -> Sequence[Row[str, int, int]]:
    """The campaigns whose totals can be frozen, as their log has entries, by their number."""
    query = (
        select(Campaign.slug, LedgerHead.people, LedgerHead.organizations)
        .join(LedgerHead, LedgerHead.campaign_id == Campaign.id)
        .where(LedgerHead.log_size > 0)
        .order_by(Campaign.id)
    )
    return fetch(query).all()
