"""Reads of the register: for its screens, and the public view of deliveries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from pledge.campaigns.forgetting import AFTER_DELIVERY
from pledge.campaigns.models import Campaign
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.deliveries.models import HANDED_OVER_STATES, Channel, Delivery, DeliveryState
from pledge.ledger.models import Checkpoint, LedgerHead

#: How many deliveries the campaign's page shows.
MAX_SHOWN = 5


#: At least so long after the entry of a handing-over, and after the end of its news, the signers' data is kept.
GRACE = timedelta(days=7)


@dataclass(frozen=True)
class DeliveryView:
    """A delivery as staff see it."""

    id: int
    campaign_id: int
    slug: str
    state: DeliveryState
    recipient: Texts
    occasion: Texts
    people: int  #: at the checkpoint
    organizations: int
    size: int  #: of the log at the checkpoint
    signed_at: datetime
    frozen_name: str
    frozen_at: datetime
    handed_over_at: datetime | None
    channel: Channel | None
    receipt_number: str
    answered_at: datetime | None
    answer: Texts
    document: str = ""  #: JSON, of one delivery only

    @property
    def is_handed_over(self) -> bool:
        return self.state in HANDED_OVER_STATES


@dataclass(frozen=True)
class PublicDelivery:
    """A delivery on the campaign's page, in one language."""

    id: int
    recipient: str
    occasion: str
    people: int
    organizations: int
    handed_over_at: datetime
    receipt_number: str
    answered_at: datetime | None
    answer: str


def overview() -> list[DeliveryView]:
    """All deliveries, the newest first."""
    with reading() as connection:
        rows = connection.execute(_deliveries().order_by(Delivery.id.desc())).all()
    return [_view(row) for row in rows]


def find(delivery_id: int) -> DeliveryView | None:
    """One delivery with its document; None when there is none."""
    query = _deliveries().add_columns(Delivery.document).where(Delivery.id == delivery_id)
    with reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else _view(row)


def answered(since: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """The deliveries that were answered after this moment (UTC), the oldest answer first."""
    query = (
        select(Campaign.slug, *(Delivery.id, Delivery.campaign_id, Delivery.recipient, Delivery.answered_at))
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.state == DeliveryState.ANSWERED, Delivery.answered_at > since)
        .order_by(Delivery.answered_at)
    )
    with reading() as connection:
        return connection.execute(query).all()


_PUBLIC = (
    select(
        *(Delivery.id, Delivery.recipient, Delivery.occasion, Checkpoint.people, Checkpoint.organizations),
        *(Delivery.handed_over_at, Delivery.receipt_number, Delivery.answered_at, Delivery.answer),
    )
    .join(Checkpoint, Checkpoint.id == Delivery.checkpoint_id)
    .where(Delivery.campaign_id == bindparam("campaign"), Delivery.state.in_(HANDED_OVER_STATES))
    .order_by(Delivery.handed_over_at.desc(), Delivery.id.desc())
    .limit(MAX_SHOWN)
)


def public_deliveries(campaign_id: int, lang: str) -> list[PublicDelivery]:
    """The deliveries that were handed over, the newest first, with their answers."""
    with reading() as connection:
        rows = connection.execute(_PUBLIC, {"campaign": campaign_id}).all()
    return [
        PublicDelivery(
            **row._asdict()
            | {
                "recipient": row.recipient.of(lang),
                "occasion": row.occasion.of(lang),
                "answer": row.answer.of(lang),
            }
        )
        for row in rows
    ]


def last_handed_over(news: Mapping[int, datetime]) -> dict[int, datetime]:
    """By campaign number, since when its totals count as handed over: the signers' data is deleted some time later.

    That is the last handing-over. One that was entered recently counts as so late that GRACE is left: a wrong date can still
    be corrected. So does one of a campaign whose news, of which `news` has the last time, was sent recently.
    """
    query = select(Delivery.campaign_id, Delivery.handed_over_at, Delivery.recorded_at).where(
        Delivery.handed_over_at.is_not(None)
    )
    since: dict[int, datetime] = {}
    with reading() as connection:
        for row in connection.execute(query):
            lately = [moment for moment in (row.recorded_at, news.get(row.campaign_id)) if moment]
            since[row.campaign_id] = max(
                row.handed_over_at,
                *(moment + GRACE - AFTER_DELIVERY for moment in lately),
                since.get(row.campaign_id, row.handed_over_at),
            )
    return since


def _deliveries() -> Select[*tuple[Any, ...]]:
    left_out = ("document", "letter", "checkpoint_id", "frozen_by", "recorded_at")
    return (
        select(
            *(column for column in Delivery.__table__.c if column.name not in left_out),
            Campaign.slug,
            *(Checkpoint.people, Checkpoint.organizations, Checkpoint.size, Checkpoint.signed_at),
        )
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Checkpoint, Checkpoint.id == Delivery.checkpoint_id)
    )


def _view(row: Row[Any]) -> DeliveryView:
    channel = Channel(row.channel) if row.channel else None
    return DeliveryView(**{**row._asdict(), "state": DeliveryState(row.state), "channel": channel})


@dataclass(frozen=True)
class CampaignChoice:
    """A campaign whose totals can be frozen."""

    slug: str
    people: int
    organizations: int


def choices() -> list[CampaignChoice]:
    """The campaigns whose log has entries, by their number."""
    query = (
        select(Campaign.slug, LedgerHead.people, LedgerHead.organizations)
        .join(LedgerHead, LedgerHead.campaign_id == Campaign.id)
        .where(LedgerHead.log_size > 0)
        .order_by(Campaign.id)
    )
    with reading() as connection:
        return [CampaignChoice(*row) for row in connection.execute(query)]
