"""The mails about an endorsement. A mail that is out of date when its turn comes is None and is not sent.

No word that came from the form goes into a mail to an address that is not confirmed: a stranger must not be able to send
texts through us. Who has confirmed is told which organisation a mail is about, and the reason that staff gave.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, or_, select
from sqlalchemy.orm import aliased, defer

from pledge.campaigns.models import Campaign
from pledge.campaigns.opening import closed_on, confirmable_until, is_open
from pledge.campaigns.senders import composer
from pledge.core import clock, tokens, urls
from pledge.core.i18n import format_date, format_datetime
from pledge.core.languages import Texts
from pledge.core.tokens import Purpose
from pledge.endorsements import outbox, promises
from pledge.endorsements.expiry import UNCONFIRMED
from pledge.endorsements.models import (
    REPLACEABLE,
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VersionState,
)
from pledge.endorsements.rules import REVIEW_DAYS
from pledge.endorsements.services import NOBODY
from pledge.mail.messages import Claimed, Composers, Message
from pledge.mail.models import MailKind, OutboxMail

#: The mails with the link to the own page, and the states of the endorsement in which each is true.
_TRUE_IN = {
    # Somebody applied for this organisation with this address once more.
    MailKind.ENDORSE_ALREADY: tuple(state for state in EndorsementState if state not in REPLACEABLE),
    MailKind.ENDORSE_MANAGE: tuple(state for state in EndorsementState if state != EndorsementState.PENDING),
    MailKind.ENDORSE_PUBLISHED: (EndorsementState.PUBLISHED,),
    MailKind.ENDORSE_PROMISE: (EndorsementState.PUBLISHED,),
    # Also of the correction of a published one.
    MailKind.ENDORSE_CHANGES: (EndorsementState.CHANGES, EndorsementState.PUBLISHED),
    # Not accepted, or taken off the list.
    MailKind.ENDORSE_DECLINED: (EndorsementState.DECLINED, EndorsementState.REMOVED),
}

_VERSION, _PUBLISHED = aliased(EndorsementVersion), aliased(EndorsementVersion)
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


@dataclass(frozen=True)
class Spokesperson:
    """The endorsement that a mail is about, as it is now, and who speaks for it."""

    mail_id: int
    row: Endorsement
    campaign: Campaign
    #: Of the version that the mail is about; None when it does not wait to be confirmed.
    submitted_at: datetime | None
    #: With the other person, if it is still the newest one: the new one, or, once it is in force, the one before.
    change: ContactChange | None
    organization: Texts | None  #: the name
    published: EndorsementVersion | None


_SPOKESPERSONS = (
    select(OutboxMail.id, Endorsement, Campaign, _SUBMITTED_AT, ContactChange, _ORGANIZATION, _PUBLISHED)
    .join(Endorsement, Endorsement.id == OutboxMail.subject_id)
    .join(Campaign, Campaign.id == Endorsement.campaign_id)
    .outerjoin(
        ContactChange,
        (ContactChange.endorsement_id == Endorsement.id) & (ContactChange.contact_number == OutboxMail.seq),
    )
    .outerjoin(
        _PUBLISHED,
        (_PUBLISHED.endorsement_id == Endorsement.id) & (_PUBLISHED.state == VersionState.PUBLISHED),
    )
    .where(Endorsement.contact_number != NOBODY)
    .options(
        defer(Endorsement.contact_name, raiseload=True),
        defer(Endorsement.registration_number, raiseload=True),
        defer(Endorsement.salt, raiseload=True),
        defer(ContactChange.contact_name, raiseload=True),
    )
)


def composers() -> Composers:
    """The composer of each kind of mail."""
    writers = {
        MailKind.ENDORSE_CONFIRM: confirm,
        **dict.fromkeys(_TRUE_IN, about_own_page),
        MailKind.ENDORSE_PUBLISHED: published,
        MailKind.ENDORSE_PROMISE: promise,
        MailKind.ENDORSE_CONTACT: contact,
        MailKind.ENDORSE_HANDOVER: handover,
    }
    return {kind: composer(_SPOKESPERSONS, Spokesperson, write) for kind, write in writers.items()}


def confirm(mail: Claimed, to: Spokesperson) -> Message | None:
    """Please confirm: only while this version waits, and after the campaign has closed within its day of grace."""
    if to.row.state not in REPLACEABLE or to.submitted_at is None:
        return None
    valid_until = min(tokens.expires_at(Purpose.ENDORSE_CONFIRM), to.submitted_at + UNCONFIRMED)
    until = confirmable_until(valid_until, to.campaign.closes_at)
    if until is None:
        return None
    outbox.note(to.row.contact_email)
    token = tokens.mint(Purpose.ENDORSE_CONFIRM, [to.row.id, mail.seq, to.row.contact_number])
    link = urls.public_url("public.endorsement_confirm", lang=mail.lang, token=token)
    values = {
        "link": link,
        "not_me": f"{link}/not-us",
        "days": str(REVIEW_DAYS),
        "until": format_datetime(until, mail.lang),
        "closed": closed_on(to.campaign.closes_at, mail.lang),
    }
    return Message(to.row.contact_email, values)


def about_own_page(mail: Claimed, to: Spokesperson) -> Message | None:
    """What became of the endorsement, with the link to the organisation's own page; what staff gave a reason for only while that is
    in force: a correction that was sent meanwhile has none.
    """
    needs_reason = mail.kind in (MailKind.ENDORSE_CHANGES, MailKind.ENDORSE_DECLINED)
    if to.row.state not in _TRUE_IN[mail.kind] or (needs_reason and not to.row.decision_reason):
        return None
    token = tokens.mint(Purpose.ENDORSE_MANAGE, [to.row.id, to.row.contact_number])
    values = {
        "organization": _name(mail, to),
        "link": urls.public_url("public.endorsement_me", lang=mail.lang, token=token),
        "reason": to.row.decision_reason,
        "contact": urls.contact(),
    }
    return Message(to.row.contact_email, values)


def published(mail: Claimed, to: Spokesperson) -> Message | None:
    """Includes what the organisation may pass on: first its public page, while people can sign there, a text, and the badge."""
    message = about_own_page(mail, to)
    if message is None:
        return None
    entry = {"slug": to.campaign.slug, "endorsement_id": to.row.id, "lang": mail.lang}
    values = {
        **message.values,
        "link": urls.public_url("public.organization", **entry),
        "badge": urls.public_url("embed.endorsement_badge", **entry),
        "own_page": message.values["link"],
        "is_open": "yes" if is_open(to.campaign) else "",
    }
    return Message(to.row.contact_email, values)


def promise(mail: Claimed, to: Spokesperson) -> Message | None:
    """Is the public promise still true? Not any more when the organisation was heard since it was to be asked."""
    message = about_own_page(mail, to)
    heard_at = promises.heard_at(to.published, to.row.affirmed_at)
    if message is None or heard_at is None or (to.row.asked_at and heard_at > to.row.asked_at):
        return None
    values = {**message.values, "link": f"{message.values['link']}/still-true"}
    lines = [": ".join(part) for part in promises.parts(to.published, mail.lang)]
    return Message(to.row.contact_email, values, {"promise": "\n".join(lines)})


def contact(mail: Claimed, to: Spokesperson) -> Message | None:
    """To the person who is to speak for an organisation: please confirm."""
    change = to.change
    if change is None or change.done_at or change.asked_at + UNCONFIRMED <= clock.now():
        return None
    outbox.note(change.contact_email)
    until = min(tokens.expires_at(Purpose.ENDORSE_CONTACT), change.asked_at + UNCONFIRMED)
    token = tokens.mint(Purpose.ENDORSE_CONTACT, [to.row.id, mail.seq])
    link = urls.public_url("public.endorsement_take_over", lang=mail.lang, token=token)
    values = {
        "link": link,
        "not_me": f"{link}/not-me",
        "until": format_datetime(until, mail.lang),
        "deleted_on": format_date(change.asked_at + UNCONFIRMED, mail.lang),
    }
    return Message(change.contact_email, values)


def handover(mail: Claimed, to: Spokesperson) -> Message | None:
    """To the person before: somebody else speaks for it now. Their own links are invalid, so it links to the campaign."""
    if to.change is None or not to.change.done_at:
        return None
    values = {
        "organization": _name(mail, to),
        "link": urls.campaign_link(mail.lang, to.campaign.slug),
        "contact": urls.contact(),
        "days": str(UNCONFIRMED.days),
    }
    return Message(to.change.contact_email, values)


def _name(mail: Claimed, to: Spokesperson) -> str:
    """The organisation's in the language of the mail, never one that nobody has confirmed."""
    return to.organization.in_language(mail.lang) if to.organization else ""
