"""What the mails about a signature say. Each function makes one query for a batch and leaves out what is no longer true.

No word that came from the form goes into a mail: a stranger must not be able to send texts through us. Links and codes
are made here, when the mail is sent, so neither the outbox nor a copy of the database holds a live one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, select, text

from pledge import clock, links, tokens
from pledge.campaigns.models import CampaignText
from pledge.db import reading
from pledge.i18n import format_date
from pledge.mail.message import Claimed, Composers, Message
from pledge.mail.models import MailBlock, MailKind, OutboxMail
from pledge.signatures.models import SETTLED, Signature, SignatureState
from pledge.tokens import Purpose


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail goes to: the signature that it is about, as it is now."""

    id: int
    state: str
    email: str
    confirmed_at: datetime | None
    updates: bool  #: wants news
    is_settled: bool  #: the person's signature counts, or was taken out of the count: this row or another one
    campaign: str  #: the campaign's title in the mail's language

    @property
    def is_invalidated(self) -> bool:
        return self.state == SignatureState.INVALIDATED


_BLOCKED = select(MailBlock.address_hash).where(
    MailBlock.address_hash == Signature.address_hash,
    MailBlock.until > bindparam("now", type_=MailBlock.until.type),
)

_OTHER = Signature.__table__.alias("o")
_SETTLED = exists().where(
    _OTHER.c.address_hash == Signature.address_hash,
    _OTHER.c.campaign_id == Signature.campaign_id,
    text(f"o.{SETTLED}"),
)

_RECIPIENTS = (
    select(
        OutboxMail.id,
        Signature.id,
        Signature.state,
        Signature.email,
        Signature.confirmed_at,
        Signature.updates,
        _SETTLED,
        CampaignText.title,
    )
    .join(Signature, Signature.id == OutboxMail.subject_id)
    .join(
        CampaignText,
        (CampaignText.campaign_id == Signature.campaign_id) & (CampaignText.lang == OutboxMail.lang),
    )
    .where(OutboxMail.id.in_(bindparam("ids", expanding=True)), ~_BLOCKED.exists())
)


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {
        MailKind.CONFIRM: confirm,
        MailKind.ALREADY: already,
        MailKind.MANAGE: manage,
        MailKind.INVALIDATED: invalidated,
        MailKind.WITHDRAWN: withdrawn,
        MailKind.UNSUBSCRIBED: unsubscribed,
    }


def confirm(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """Please confirm: only while this submission is pending and no other one of the person is settled."""
    return {
        mail.id: _confirm(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if recipient.state == SignatureState.PENDING and not recipient.is_settled
    }


def already(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """You are already counted since …; or the truth, where staff have taken the signature out of the count."""
    return {
        mail.id: _invalidated(mail, recipient) if recipient.is_invalidated else _already(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if recipient.state in (SignatureState.CONFIRMED, SignatureState.INVALIDATED)
    }


def manage(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """The link to one's own page, for a signature that was confirmed once."""
    return {
        mail.id: _message(mail, recipient, link=_manage_link(mail, recipient))
        for mail, recipient in _with_recipients(mails)
        if recipient.state != SignatureState.PENDING
    }


def invalidated(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """Your signature is not counted any more, and how to object."""
    return {
        mail.id: _invalidated(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if recipient.is_invalidated
    }


def withdrawn(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """The secretariat has withdrawn your signature, as it was asked to."""
    return {
        mail.id: _done_for(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if recipient.state == SignatureState.WITHDRAWN
    }


def unsubscribed(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """The secretariat has stopped your news, as it was asked to."""
    return {
        mail.id: _done_for(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if not recipient.updates
    }


def _done_for(mail: Claimed, recipient: Recipient) -> Message:
    return _message(mail, recipient, link=_manage_link(mail, recipient), contact=links.contact())


def _confirm(mail: Claimed, recipient: Recipient) -> Message:
    token = tokens.mint(Purpose.CONFIRM, [recipient.id])
    return _message(
        mail,
        recipient,
        link=links.confirm_link(mail.lang, token),
        not_me=links.not_me_link(mail.lang, token),
        code=tokens.code(recipient.id, mail.seq),
    )


def _already(mail: Claimed, recipient: Recipient) -> Message:
    since = "" if recipient.confirmed_at is None else format_date(recipient.confirmed_at, mail.lang)
    return _message(mail, recipient, link=_manage_link(mail, recipient), since=since)


def _invalidated(mail: Claimed, recipient: Recipient) -> Message:
    return _message(mail, recipient, MailKind.INVALIDATED, link=_manage_link(mail, recipient))


def _manage_link(mail: Claimed, recipient: Recipient) -> str:
    return links.manage_link(mail.lang, tokens.mint(Purpose.MANAGE, [recipient.id]))


def _message(mail: Claimed, recipient: Recipient, kind: MailKind | None = None, **values: str) -> Message:
    return Message(
        to=recipient.email,
        kind=kind or mail.kind,
        lang=mail.lang,
        message_id=mail.message_id,
        values={"campaign": recipient.campaign, **values},
    )


def _with_recipients(mails: Sequence[Claimed]) -> Iterable[tuple[Claimed, Recipient]]:
    """The mails whose signature still exists and whose address may be written to."""
    values = {"ids": [mail.id for mail in mails], "now": clock.now()}
    with reading() as connection:
        recipients = {row[0]: Recipient(*row[1:]) for row in connection.execute(_RECIPIENTS, values)}
    return [(mail, recipients[mail.id]) for mail in mails if mail.id in recipients]
