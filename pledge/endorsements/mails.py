"""What the mails about an endorsement say. Each function makes one query for a batch and leaves out what is no longer true.

No word that came from the form goes into a mail to an address that is not confirmed: a stranger must not be able to send
texts through us. Who has confirmed is told which organisation a mail is about, and the reason that staff gave.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from pledge import clock, links, tokens
from pledge.campaigns.models import Campaign, CampaignText
from pledge.db import reading
from pledge.endorsements.identifiers import confirm_token, manage_token
from pledge.endorsements.models import (
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VersionState,
)
from pledge.mail.message import Claimed, Composer, Composers, Message
from pledge.mail.models import MailBlock, MailKind, OutboxMail
from pledge.tokens import Purpose

#: States in which a newest version may still wait for its mail to be confirmed.
_UNCONFIRMED = (EndorsementState.PENDING, EndorsementState.WITHDRAWN, EndorsementState.DECLINED)
#: States in which a decision is still what its mail says. Changes are asked for in a published one's correction too.
_STILL_TRUE = {
    MailKind.ENDORSE_PUBLISHED: (EndorsementState.PUBLISHED,),
    MailKind.ENDORSE_CHANGES: (EndorsementState.CHANGES, EndorsementState.PUBLISHED),
    MailKind.ENDORSE_DECLINED: (EndorsementState.DECLINED, EndorsementState.REMOVED),
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail goes to: the endorsement that it is about, as it is now."""

    id: int
    contact_number: int
    state: str
    email: str
    reason: str
    campaign: str  #: the campaign's title in the mail's language
    is_waiting: bool  #: the version that the mail is about waits to be confirmed
    organization: str  #: its name in the mail's language, never one that nobody has confirmed


@dataclass(frozen=True, slots=True)
class Successor:
    """The other person of a change: who is to take over, or, once that is done, who spoke before."""

    id: int
    number: int
    email: str
    is_done: bool
    slug: str
    campaign: str
    organization: str


def _may_be_written_to(address_hash: InstrumentedAttribute[bytes]) -> ColumnElement[bool]:
    blocked = select(MailBlock.address_hash).where(
        MailBlock.address_hash == address_hash, MailBlock.until > bindparam("now", type_=MailBlock.until.type)
    )
    return ~blocked.exists()


_VERSION = aliased(EndorsementVersion)
_NAME = case(
    (OutboxMail.lang == "ko", func.coalesce(func.nullif(_VERSION.name_ko, ""), _VERSION.name_en)),
    else_=func.coalesce(func.nullif(_VERSION.name_en, ""), _VERSION.name_ko),
)
_ORGANIZATION = (
    select(_NAME)
    .where(
        _VERSION.endorsement_id == Endorsement.id,
        or_(_VERSION.state != VersionState.PROPOSED, Endorsement.state.not_in(_UNCONFIRMED)),
    )
    .order_by(case((_VERSION.state == VersionState.PUBLISHED, 0), else_=1), _VERSION.seq.desc())
    .limit(1)
    .correlate(Endorsement, OutboxMail)
    .scalar_subquery()
)
_WAITS = (
    exists()
    .where(
        _VERSION.endorsement_id == Endorsement.id,
        _VERSION.seq == OutboxMail.seq,
        _VERSION.state == VersionState.PROPOSED,
    )
    .correlate(Endorsement, OutboxMail)
)
_ITS_TITLE = and_(CampaignText.campaign_id == Endorsement.campaign_id, CampaignText.lang == OutboxMail.lang)
_ASKED_FOR = OutboxMail.id.in_(bindparam("ids", expanding=True))

_RECIPIENTS = (
    select(
        OutboxMail.id,
        *(Endorsement.id, Endorsement.contact_number, Endorsement.state, Endorsement.contact_email),
        *(Endorsement.decision_reason, CampaignText.title, _WAITS, func.coalesce(_ORGANIZATION, "")),
    )
    .join(Endorsement, Endorsement.id == OutboxMail.subject_id)
    .join(CampaignText, _ITS_TITLE)
    .where(_ASKED_FOR, _may_be_written_to(Endorsement.address_hash))
)

_SUCCESSORS = (
    select(
        OutboxMail.id,
        *(ContactChange.endorsement_id, ContactChange.contact_number, ContactChange.contact_email),
        *(ContactChange.done_at.is_not(None), Campaign.slug, CampaignText.title),
        func.coalesce(_ORGANIZATION, ""),
    )
    .join(Endorsement, Endorsement.id == OutboxMail.subject_id)
    .join(ContactChange, ContactChange.endorsement_id == Endorsement.id)
    .join(Campaign, Campaign.id == Endorsement.campaign_id)
    .join(CampaignText, _ITS_TITLE)
    .where(
        _ASKED_FOR,
        ContactChange.contact_number == OutboxMail.seq,
        _may_be_written_to(ContactChange.address_hash),
    )
)


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {
        MailKind.ENDORSE_CONFIRM: confirm,
        MailKind.ENDORSE_ALREADY: already,
        MailKind.ENDORSE_MANAGE: manage,
        MailKind.ENDORSE_CONTACT: contact,
        MailKind.ENDORSE_HANDOVER: handover,
        **{kind: _decision(kind) for kind in _STILL_TRUE},
    }


def confirm(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """Please confirm: only while this very version waits."""
    return {
        mail.id: _confirm(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if recipient.state in _UNCONFIRMED and recipient.is_waiting
    }


def already(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """Somebody applied for this organisation with this address once more."""
    return {
        mail.id: _to_own_page(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if recipient.state not in _UNCONFIRMED
    }


def manage(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """The link to the organisation's own page, for an endorsement that was confirmed once."""
    return {
        mail.id: _to_own_page(mail, recipient)
        for mail, recipient in _with_recipients(mails)
        if recipient.state != EndorsementState.PENDING
    }


def contact(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """To the person who is to speak for an organisation: please confirm."""
    found = {}
    for mail, successor in _with_successors(mails):
        if not successor.is_done:
            token = tokens.mint(Purpose.ENDORSE_CONTACT, [successor.id, successor.number])
            link = links.endorse_contact_link(mail.lang, token)
            values = {"campaign": successor.campaign, "link": link, "not_me": f"{link}/not-me"}
            found[mail.id] = _message(mail, successor.email, values)
    return found


def handover(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """To the person who spoke before: somebody else does now. Their own links are dead, so it leads to the campaign."""
    return {
        mail.id: _message(
            mail,
            successor.email,
            {
                "campaign": successor.campaign,
                "organization": successor.organization,
                "link": links.campaign_link(mail.lang, successor.slug),
                "contact": links.contact(),
            },
        )
        for mail, successor in _with_successors(mails)
        if successor.is_done
    }


def _decision(kind: MailKind) -> Composer:
    """What staff decided, with their reason, as long as it stands. A correction that was sent meanwhile has no reason."""
    states, needs_reason = _STILL_TRUE[kind], kind is not MailKind.ENDORSE_PUBLISHED

    def compose(mails: Sequence[Claimed]) -> Mapping[int, Message]:
        return {
            mail.id: _to_own_page(mail, recipient, reason=recipient.reason)
            for mail, recipient in _with_recipients(mails)
            if recipient.state in states and (recipient.reason or not needs_reason)
        }

    return compose


def _confirm(mail: Claimed, recipient: Recipient) -> Message:
    token = confirm_token(recipient.id, mail.seq, recipient.contact_number)
    link = links.endorse_confirm_link(mail.lang, token)
    return _message(
        mail, recipient.email, {"campaign": recipient.campaign, "link": link, "not_me": f"{link}/not-us"}
    )


def _to_own_page(mail: Claimed, recipient: Recipient, **values: str) -> Message:
    link = links.endorse_manage_link(mail.lang, manage_token(recipient.id, recipient.contact_number))
    values |= {"campaign": recipient.campaign, "organization": recipient.organization, "link": link}
    return _message(mail, recipient.email, values)


def _message(mail: Claimed, to: str, values: Mapping[str, str]) -> Message:
    return Message(to=to, kind=mail.kind, lang=mail.lang, message_id=mail.message_id, values=values)


def _with_recipients(mails: Sequence[Claimed]) -> Iterable[tuple[Claimed, Recipient]]:
    """The mails whose endorsement still has somebody to write to, at an address that may be written to."""
    values = {"ids": [mail.id for mail in mails], "now": clock.now()}
    with reading() as connection:
        found = {row[0]: Recipient(*row[1:]) for row in connection.execute(_RECIPIENTS, values)}
    return [(mail, found[mail.id]) for mail in mails if mail.id in found and found[mail.id].email]


def _with_successors(mails: Sequence[Claimed]) -> Iterable[tuple[Claimed, Successor]]:
    """The mails whose change is still the newest one."""
    values = {"ids": [mail.id for mail in mails], "now": clock.now()}
    with reading() as connection:
        found = {row[0]: Successor(*row[1:]) for row in connection.execute(_SUCCESSORS, values)}
    return [(mail, found[mail.id]) for mail in mails if mail.id in found]
