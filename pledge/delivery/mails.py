"""The news that a delivery was handed over, to those who asked for news; true at the moment it is sent, or not sent.

Names come from staff and from the campaign; no word of a signer's form is in it. Each mail can be unsubscribed from with
one click (RFC 8058).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, select
from sqlalchemy.orm import InstrumentedAttribute

from pledge import clock, links, tokens
from pledge.campaigns.models import Campaign, CampaignText
from pledge.db import reading
from pledge.delivery.models import Delivery, DeliveryState
from pledge.i18n import format_count, format_date
from pledge.ledger.models import Checkpoint
from pledge.mail.message import Claimed, Composers, Message
from pledge.mail.models import MailBlock, MailKind, OutboxMail
from pledge.signatures.models import Signature, SignatureState
from pledge.tokens import Purpose

_BLOCKED = select(MailBlock.address_hash).where(
    MailBlock.address_hash == Signature.address_hash,
    MailBlock.until > bindparam("now", type_=MailBlock.until.type),
)


def _in_its_language(ko: InstrumentedAttribute[str], en: InstrumentedAttribute[str]) -> Any:
    return case((OutboxMail.lang == "ko", ko), else_=en)


_WANTED = (
    select(
        *(OutboxMail.id, OutboxMail.lang, Signature.id.label("signature_id"), Signature.email),
        *(Campaign.slug, CampaignText.title, Checkpoint.people, Delivery.handed_over_at),
        _in_its_language(Delivery.recipient_ko, Delivery.recipient_en).label("recipient"),
        _in_its_language(Delivery.occasion_ko, Delivery.occasion_en).label("occasion"),
    )
    .join(Delivery, Delivery.id == OutboxMail.seq)
    .join(Checkpoint, Checkpoint.id == Delivery.checkpoint_id)
    .join(
        Signature, and_(Signature.id == OutboxMail.subject_id, Signature.campaign_id == Delivery.campaign_id)
    )
    .join(Campaign, Campaign.id == Delivery.campaign_id)
    .join(CampaignText, and_(CampaignText.campaign_id == Campaign.id, CampaignText.lang == OutboxMail.lang))
    .where(
        OutboxMail.id.in_(bindparam("ids", expanding=True)),
        Signature.state == SignatureState.CONFIRMED,
        Signature.updates,
        Delivery.state.in_((DeliveryState.HANDED_OVER, DeliveryState.ANSWERED)),
        ~_BLOCKED.exists(),
    )
)


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {MailKind.DELIVERED: delivered}


def delivered(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """The totals were handed over: only to who is counted and still wants news."""
    values = {"ids": [mail.id for mail in mails], "now": clock.now()}
    with reading() as connection:
        found = {row.id: row for row in connection.execute(_WANTED, values)}
    return {mail.id: _message(mail, found[mail.id]) for mail in mails if mail.id in found}


def _message(mail: Claimed, row: Row[Any]) -> Message:
    stop = links.unsubscribe_link(mail.lang, tokens.mint(Purpose.UNSUBSCRIBE, [row.signature_id]))
    return Message(
        to=row.email,
        kind=mail.kind,
        lang=mail.lang,
        message_id=mail.message_id,
        values={
            "campaign": row.title,
            "link": links.campaign_link(mail.lang, row.slug),
            "recipient": row.recipient,
            "occasion": row.occasion,
            "day": format_date(row.handed_over_at, mail.lang),
            "people": format_count(row.people, mail.lang),
            "unsubscribe": stop,
            "contact": links.contact(),
        },
        unsubscribe=stop,
    )
