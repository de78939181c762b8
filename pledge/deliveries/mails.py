"""The news that a delivery was handed over, to those who asked for news; dropped when it is out of date at sending.

Names come from staff and from the campaign; no text of a signer's form is in it. Each mail has a one-click unsubscription
(RFC 8058).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from pledge.campaigns.models import Campaign
from pledge.campaigns.titles import title_in
from pledge.core import tokens, urls
from pledge.core.db import reading
from pledge.core.i18n import format_count, format_date
from pledge.core.languages import Texts
from pledge.core.tokens import Purpose
from pledge.deliveries.models import Delivery, DeliveryState
from pledge.ledger.models import Checkpoint
from pledge.mail.message import Claimed, Composers, Message, composer
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures.models import Signature, SignatureState


@dataclass(frozen=True, slots=True)
class DeliveryNews:
    """A delivery, and the signer who is told of it."""

    signature_id: int
    email: str
    slug: str
    campaign: str  #: the campaign's title in the mail's language
    people: int
    handed_over_at: datetime | None  #: always known once it is handed over
    recipient: Texts
    occasion: Texts


def _about() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(OutboxMail.id, Signature.id, Signature.email, Campaign.slug),
            title_in(OutboxMail.lang, Delivery.campaign_id),
            *(Checkpoint.people, Delivery.handed_over_at),
            *(Delivery.recipient, Delivery.occasion),
        )
        .join(Delivery, Delivery.id == OutboxMail.seq)
        .join(Checkpoint, Checkpoint.id == Delivery.checkpoint_id)
        .join(
            Signature,
            and_(Signature.id == OutboxMail.subject_id, Signature.campaign_id == Delivery.campaign_id),
        )
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            OutboxMail.id.in_(bindparam("ids", expanding=True)),
            Signature.state == SignatureState.CONFIRMED,
            Signature.updates,
            Delivery.state.in_((DeliveryState.HANDED_OVER, DeliveryState.ANSWERED)),
        )
    )


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {MailKind.DELIVERED: composer(_wanted, delivered)}


def delivered(mail: Claimed, news: DeliveryNews) -> Message:
    """The news that the totals were handed over, to signers who are counted and still want news."""
    stop = urls.unsubscribe_link(mail.lang, tokens.mint(Purpose.UNSUBSCRIBE, [news.signature_id]))
    values = {
        "campaign": news.campaign,
        "link": urls.campaign_link(mail.lang, news.slug),
        "recipient": news.recipient.of(mail.lang),
        "occasion": news.occasion.of(mail.lang),
        "day": format_date(news.handed_over_at, mail.lang) if news.handed_over_at else "",
        "people": format_count(news.people, mail.lang),
        "unsubscribe": stop,
        "contact": urls.contact(),
    }
    return Message(news.email, values, unsubscribe=stop)


def _wanted(mails: Sequence[Claimed]) -> Mapping[int, DeliveryNews]:
    values = {"ids": [mail.id for mail in mails]}
    with reading() as connection:
        return {row[0]: DeliveryNews(*row[1:]) for row in connection.execute(_about(), values)}
