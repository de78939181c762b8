"""The mails about a signature. A mail that is out of date when its turn comes is None and is not sent.

No word that came from the form goes into a mail: a stranger must not be able to send texts through us. Links and codes
are made here, when the mail is sent, so neither the outbox nor a copy of the database holds a live one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, exists, select, text

from pledge.campaigns.titles import title_in
from pledge.core import clock, tokens, urls
from pledge.core.db import reading
from pledge.core.i18n import format_date, format_datetime
from pledge.core.tokens import Purpose
from pledge.mail.message import Claimed, Composers, Message, composer
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures.models import SETTLED, Signature, SignatureState
from pledge.signatures.rules import CODE_LIFETIME, PENDING_LIFETIME


@dataclass(frozen=True, slots=True)
class MailedSigner:
    """The recipient of a mail, and the signature that it is about, as it is now."""

    id: int
    state: str
    email: str
    submitted_at: datetime
    code_since: datetime
    confirmed_at: datetime | None
    updates: bool  #: wants news
    is_settled: bool  #: the person's signature counts, or was taken out of the count: this row or another one
    campaign: str  #: the campaign's title in the mail's language


_OTHER = Signature.__table__.alias("o")
_SETTLED = exists().where(
    _OTHER.c.address_hash == Signature.address_hash,
    _OTHER.c.campaign_id == Signature.campaign_id,
    text(f"o.{SETTLED}"),
)


def _about() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(OutboxMail.id, Signature.id, Signature.state, Signature.email),
            *(Signature.submitted_at, Signature.code_since, Signature.confirmed_at),
            *(Signature.updates, _SETTLED, title_in(OutboxMail.lang, Signature.campaign_id)),
        )
        .join(Signature, Signature.id == OutboxMail.subject_id)
        .where(OutboxMail.id.in_(bindparam("ids", expanding=True)))
    )


def composers() -> Composers:
    """Who writes which kind of mail."""
    mails = {
        MailKind.CONFIRM: confirm,
        MailKind.ALREADY: already,
        MailKind.MANAGE: manage,
        MailKind.INVALIDATED: invalidated,
        MailKind.WITHDRAWN: withdrawn,
        MailKind.UNSUBSCRIBED: unsubscribed,
    }
    return {kind: composer(_signers, write) for kind, write in mails.items()}


def confirm(mail: Claimed, signer: MailedSigner) -> Message | None:
    """Please confirm: only while this submission is pending and no other one of the person is settled.

    It says until when: a mail that was sent late has less left of the fourteen days than a link works. When it waited for
    more than a week, only the link still works.
    """
    if signer.state != SignatureState.PENDING or signer.is_settled:
        return None
    now = clock.now()
    until = min(tokens.expires_at(Purpose.CONFIRM), signer.submitted_at + PENDING_LIFETIME)
    if until <= now:
        return None
    code, code_until = "", signer.code_since + CODE_LIFETIME
    if code_until > now:
        code, until = tokens.code(signer.id, mail.seq), min(until, code_until)
    token = tokens.mint(Purpose.CONFIRM, [signer.id])
    values = {
        "campaign": signer.campaign,
        "link": urls.confirm_link(mail.lang, token),
        "not_me": urls.not_me_link(mail.lang, token),
        "code": code,
        "until": format_datetime(until, mail.lang),
    }
    return Message(signer.email, values)


def already(mail: Claimed, signer: MailedSigner) -> Message | None:
    """You are already counted since …; or the truth, where staff have taken the signature out of the count."""
    if signer.state == SignatureState.INVALIDATED:
        return replace(_to_own_page(mail, signer), template=MailKind.INVALIDATED)
    if signer.state != SignatureState.CONFIRMED or signer.confirmed_at is None:
        return None
    return _to_own_page(mail, signer, since=format_date(signer.confirmed_at, mail.lang))


def manage(mail: Claimed, signer: MailedSigner) -> Message | None:
    """The link to one's own page, for a signature that was confirmed once."""
    return None if signer.state == SignatureState.PENDING else _to_own_page(mail, signer)


def invalidated(mail: Claimed, signer: MailedSigner) -> Message | None:
    """Your signature is not counted any more, and how to object."""
    return _to_own_page(mail, signer) if signer.state == SignatureState.INVALIDATED else None


def withdrawn(mail: Claimed, signer: MailedSigner) -> Message | None:
    """The secretariat has withdrawn your signature, as it was asked to."""
    if signer.state != SignatureState.WITHDRAWN:
        return None
    return _to_own_page(mail, signer, contact=urls.contact())


def unsubscribed(mail: Claimed, signer: MailedSigner) -> Message | None:
    """The secretariat has stopped your news, as it was asked to."""
    return None if signer.updates else _to_own_page(mail, signer, contact=urls.contact())


def _to_own_page(mail: Claimed, signer: MailedSigner, **values: str) -> Message:
    link = urls.manage_link(mail.lang, tokens.mint(Purpose.MANAGE, [signer.id]))
    return Message(signer.email, {"campaign": signer.campaign, "link": link, **values})


def _signers(mails: Sequence[Claimed]) -> Mapping[int, MailedSigner]:
    """Of the mails whose signature still exists."""
    values = {"ids": [mail.id for mail in mails]}
    with reading() as connection:
        return {row[0]: MailedSigner(*tuple(row)[1:]) for row in connection.execute(_about(), values)}
