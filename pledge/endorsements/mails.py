"""The mails about an endorsement. A mail that is out of date when its turn comes is None and is not sent.

No word that came from the form goes into a mail to an address that is not confirmed: a stranger must not be able to send
texts through us. Who has confirmed is told which organisation a mail is about, and the reason that staff gave.
"""

from typing import Any

from sqlalchemy import Select, case, or_, select
from sqlalchemy.orm import aliased

from pledge.campaigns.models import Campaign
from pledge.campaigns.queries import title_in
from pledge.campaigns.senders import Subject, composer
from pledge.core import clock, tokens, urls
from pledge.core.i18n import format_date, format_datetime
from pledge.core.tokens import Purpose
from pledge.endorsements import outbox
from pledge.endorsements.applications import confirm_token, manage_token
from pledge.endorsements.expiry import UNCONFIRMED
from pledge.endorsements.models import (
    REPLACEABLE,
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VersionState,
)
from pledge.endorsements.services import NOBODY
from pledge.mail.messages import Claimed, Composers, Message
from pledge.mail.models import MailKind, OutboxMail

_VERSION = aliased(EndorsementVersion)
_ORGANIZATION = (
    select(_VERSION.name)
    .where(
        _VERSION.endorsement_id == Endorsement.id,
        or_(_VERSION.state != VersionState.PROPOSED, Endorsement.state.not_in(REPLACEABLE)),
    )
    .order_by(case((_VERSION.state == VersionState.PUBLISHED, 0), else_=1), _VERSION.seq.desc())
    .limit(1)
    .correlate(Endorsement)
    .scalar_subquery()
)
_SUBMITTED_AT = (
    select(_VERSION.submitted_at)
    .where(
        _VERSION.endorsement_id == Endorsement.id,
        _VERSION.seq == OutboxMail.seq,
        _VERSION.state == VersionState.PROPOSED,
    )
    .correlate(Endorsement, OutboxMail)
    .scalar_subquery()
)


def _about_contacts() -> Select[*tuple[Any, ...]]:
    """Who speaks for the organisation, and the endorsement that a mail is about, as it is now.

    `submitted_at` is of the version that the mail is about; None when it does not wait to be confirmed.
    """
    return (
        select(
            *(OutboxMail.id.label("mail_id"), Endorsement.id, Endorsement.campaign_id, Endorsement.state),
            *(Endorsement.contact_number, Endorsement.contact_email.label("email")),
            *(Endorsement.decision_reason, _SUBMITTED_AT.label("submitted_at")),
            title_in(OutboxMail.lang, Endorsement.campaign_id).label("campaign"),
            _ORGANIZATION.label("organization"),
        )
        .join(Endorsement, Endorsement.id == OutboxMail.subject_id)
        .where(Endorsement.contact_number != NOBODY)
    )


def _about_successors() -> Select[*tuple[Any, ...]]:
    """The other person of a change that is still the newest one: the new one, or, once it is in force, the one before."""
    return (
        select(
            *(OutboxMail.id.label("mail_id"), Endorsement.id, Endorsement.campaign_id, Campaign.slug),
            *(ContactChange.contact_number, ContactChange.contact_email.label("email")),
            *(ContactChange.asked_at, ContactChange.done_at),
            title_in(OutboxMail.lang, Endorsement.campaign_id).label("campaign"),
            _ORGANIZATION.label("organization"),
        )
        .join(Endorsement, Endorsement.id == OutboxMail.subject_id)
        .join(ContactChange, ContactChange.endorsement_id == Endorsement.id)
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .where(ContactChange.contact_number == OutboxMail.seq)
    )


def composers() -> Composers:
    """Who writes which kind of mail."""
    to_contacts = {
        MailKind.ENDORSE_CONFIRM: confirm,
        MailKind.ENDORSE_ALREADY: already,
        MailKind.ENDORSE_MANAGE: manage,
        MailKind.ENDORSE_PUBLISHED: published,
        MailKind.ENDORSE_CHANGES: changes,
        MailKind.ENDORSE_DECLINED: declined,
    }
    to_successors = {MailKind.ENDORSE_CONTACT: contact, MailKind.ENDORSE_HANDOVER: handover}
    return {
        **{kind: composer(_about_contacts, write) for kind, write in to_contacts.items()},
        **{kind: composer(_about_successors, write) for kind, write in to_successors.items()},
    }


def confirm(mail: Claimed, to: Subject) -> Message | None:
    """Please confirm: only while this version waits."""
    if to.state not in REPLACEABLE or to.submitted_at is None:
        return None
    until = min(tokens.expires_at(Purpose.ENDORSE_CONFIRM), to.submitted_at + UNCONFIRMED)
    if until <= clock.now():
        return None
    outbox.note(to.email)
    link = urls.public_url(
        "public.endorsement_confirm", lang=mail.lang, token=confirm_token(to.id, mail.seq, to.contact_number)
    )
    values = {
        "campaign": to.campaign,
        "link": link,
        "not_me": f"{link}/not-us",
        "until": format_datetime(until, mail.lang),
    }
    return Message(to.email, values)


def already(mail: Claimed, to: Subject) -> Message | None:
    """Somebody applied for this organisation with this address once more."""
    return None if to.state in REPLACEABLE else _to_own_page(mail, to)


def manage(mail: Claimed, to: Subject) -> Message | None:
    """The link to the organisation's own page, for an endorsement that was confirmed once."""
    return None if to.state == EndorsementState.PENDING else _to_own_page(mail, to)


def published(mail: Claimed, to: Subject) -> Message | None:
    """The endorsement is public."""
    return _to_own_page(mail, to) if to.state == EndorsementState.PUBLISHED else None


def changes(mail: Claimed, to: Subject) -> Message | None:
    """Staff ask for changes, also of a published one's correction. A correction that was sent meanwhile has no reason."""
    return _decision(mail, to, EndorsementState.CHANGES, EndorsementState.PUBLISHED)


def declined(mail: Claimed, to: Subject) -> Message | None:
    """Staff have declined it, or taken it off the list."""
    states = (EndorsementState.DECLINED, EndorsementState.REMOVED)
    return _decision(mail, to, *states, contact=urls.contact())


def contact(mail: Claimed, to: Subject) -> Message | None:
    """To the person who is to speak for an organisation: please confirm."""
    deleted_at = to.asked_at + UNCONFIRMED
    if to.done_at or deleted_at <= clock.now():
        return None
    outbox.note(to.email)
    until = min(tokens.expires_at(Purpose.ENDORSE_CONTACT), deleted_at)
    token = tokens.mint(Purpose.ENDORSE_CONTACT, [to.id, to.contact_number])
    link = urls.public_url("public.endorsement_take_over", lang=mail.lang, token=token)
    values = {
        "campaign": to.campaign,
        "link": link,
        "not_me": f"{link}/not-me",
        "until": format_datetime(until, mail.lang),
        "deleted_on": format_date(deleted_at, mail.lang),
    }
    return Message(to.email, values)


def handover(mail: Claimed, to: Subject) -> Message | None:
    """To the person before: somebody else speaks for it now. Their own links are invalid, so it links to the campaign."""
    if not to.done_at:
        return None
    values = {
        "campaign": to.campaign,
        "organization": _name(mail, to),
        "link": urls.campaign_link(mail.lang, to.slug),
        "contact": urls.contact(),
    }
    return Message(to.email, values)


def _decision(mail: Claimed, to: Subject, *states: EndorsementState, **values: str) -> Message | None:
    """The staff's decision and reason, while it is in force."""
    if to.state not in states or not to.decision_reason:
        return None
    return _to_own_page(mail, to, reason=to.decision_reason, **values)


def _to_own_page(mail: Claimed, to: Subject, **values: str) -> Message:
    link = urls.public_url(
        "public.endorsement_me", lang=mail.lang, token=manage_token(to.id, to.contact_number)
    )
    return Message(
        to.email, {"campaign": to.campaign, "organization": _name(mail, to), "link": link, **values}
    )


def _name(mail: Claimed, to: Subject) -> str:
    """The organisation's in the language of the mail, never one that nobody has confirmed."""
    return to.organization.of(mail.lang) if to.organization else ""
