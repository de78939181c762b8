"""Reads of the register: for its screens, the number of people whom news would reach, and the public view of deliveries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, text

from pledge.campaigns.forgetting import AFTER_DELIVERY
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.deliveries.models import Channel, Delivery, DeliveryState
from pledge.ledger.models import Checkpoint, LedgerHead
from pledge.mail.blocks import may_be_written_to
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.signatures.models import WANTS_NEWS, Signature

#: How many deliveries the campaign's page shows.
MAX_SHOWN = 5

#: Ids of signatures are random numbers of 63 bits, so the cursor shows how much of the work is done.
_ALL_IDS = 2**63

_HANDED_OVER = (DeliveryState.HANDED_OVER, DeliveryState.ANSWERED)


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
    announced_at: datetime | None
    announced_upto: int
    announced: int
    announcing_ended_at: datetime | None
    document: str = ""  #: JSON, of one delivery only

    @property
    def is_handed_over(self) -> bool:
        return self.state in _HANDED_OVER

    @property
    def queued_percent(self) -> int:
        """How much of the news the worker has enqueued, in percent."""
        return 100 if self.announcing_ended_at else 99 * self.announced_upto // _ALL_IDS


@dataclass(frozen=True)
class NewsProgress:
    """The states of the mails of one delivery's news. Mails that were sent or dropped are deleted after some months."""

    waiting: int
    sent: int
    dropped: int  #: unsubscribed, withdrawn or erased before their turn
    dead: int


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
    return None if row is None else _view(row, row.document)


def would_be_told(campaign_id: int) -> int:
    """How many people asked for news and may be mailed now."""
    may_be_told = may_be_written_to(Signature.address_hash)
    query = (
        select(func.count())
        .select_from(Signature)
        .where(Signature.campaign_id == campaign_id, text(WANTS_NEWS), may_be_told)
    )
    with reading() as connection:
        return int(connection.execute(query).scalar_one())


def news(delivery_id: int) -> NewsProgress:
    """The states of the mails about a delivery."""
    query = (
        select(OutboxMail.state, func.count().label("mails"))
        .where(text(f"kind = '{MailKind.DELIVERED}'"), OutboxMail.seq == delivery_id)  # a constant
        .group_by(OutboxMail.state)
    )
    with reading() as connection:
        found: dict[str, int] = {row.state: row.mails for row in connection.execute(query)}
    states = (MailState.QUEUED, MailState.SENT, MailState.DROPPED, MailState.DEAD)
    return NewsProgress(*(found.get(state, 0) for state in states))


def public_deliveries(campaign_id: int, lang: str) -> list[PublicDelivery]:
    """The deliveries that were handed over, the newest first, with their answers."""
    query = (
        select(
            *(
                Delivery.id,
                Delivery.recipient,
                Delivery.occasion,
                Checkpoint.people,
                Checkpoint.organizations,
            ),
            *(Delivery.handed_over_at, Delivery.receipt_number, Delivery.answered_at, Delivery.answer),
        )
        .join(Checkpoint, Checkpoint.id == Delivery.checkpoint_id)
        .where(Delivery.campaign_id == campaign_id, Delivery.state.in_(_HANDED_OVER))
        .order_by(Delivery.handed_over_at.desc(), Delivery.id.desc())
        .limit(MAX_SHOWN)
    )
    with reading() as connection:
        rows = connection.execute(query).all()
    return [
        PublicDelivery(
            id=row.id,
            recipient=row.recipient.of(lang),
            occasion=row.occasion.of(lang),
            people=row.people,
            organizations=row.organizations,
            handed_over_at=row.handed_over_at,
            receipt_number=row.receipt_number,
            answered_at=row.answered_at,
            answer=row.answer.of(lang),
        )
        for row in rows
    ]


def last_handed_over() -> dict[int, datetime]:
    """By campaign number, since when its totals count as handed over: the signers' data is deleted some time later.

    That is the last handing-over. One that was entered, or announced to the signers, recently counts as so late that GRACE is
    left: a wrong date can still be corrected, and the news still be sent. News that is being sent postpones it.
    """
    now = clock.now()
    query = select(
        *(Delivery.campaign_id, Delivery.handed_over_at, Delivery.recorded_at),
        *(Delivery.announced_at, Delivery.announcing_ended_at),
    ).where(Delivery.handed_over_at.is_not(None))
    since: dict[int, datetime] = {}
    with reading() as connection:
        for row in connection.execute(query):
            ended = row.announcing_ended_at or (now if row.announced_at else None)
            lately = [moment + GRACE - AFTER_DELIVERY for moment in (row.recorded_at, ended) if moment]
            since[row.campaign_id] = max(
                row.handed_over_at, *lately, since.get(row.campaign_id, row.handed_over_at)
            )
    return since


def _deliveries() -> Select[*tuple[Any, ...]]:
    kept = [column for column in Delivery.__table__.c if column.name not in ("document", "letter")]
    return (
        select(
            *(*kept, Campaign.slug),
            *(Checkpoint.people, Checkpoint.organizations, Checkpoint.size, Checkpoint.signed_at),
        )
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Checkpoint, Checkpoint.id == Delivery.checkpoint_id)
    )


def _view(row: Any, document: str = "") -> DeliveryView:
    return DeliveryView(
        id=row.id,
        campaign_id=row.campaign_id,
        slug=row.slug,
        state=DeliveryState(row.state),
        recipient=row.recipient,
        occasion=row.occasion,
        people=row.people,
        organizations=row.organizations,
        size=row.size,
        signed_at=row.signed_at,
        frozen_name=row.frozen_name,
        frozen_at=row.frozen_at,
        handed_over_at=row.handed_over_at,
        channel=Channel(row.channel) if row.channel else None,
        receipt_number=row.receipt_number,
        answered_at=row.answered_at,
        answer=row.answer,
        announced_at=row.announced_at,
        announced_upto=row.announced_upto,
        announced=row.announced,
        announcing_ended_at=row.announcing_ended_at,
        document=document,
    )


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
        rows = connection.execute(query).all()
    return [CampaignChoice(row.slug, row.people, row.organizations) for row in rows]
