"""What the person who speaks for an organisation may do before it is confirmed: apply, ask for the mail again, confirm,
say "this was not us". What they may do afterwards is in own.py and handover.py.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from pledge.abuse.pressing import Press, is_machine
from pledge.campaigns.models import Campaign, PledgeText
from pledge.campaigns.opening import (
    CampaignNotOpen,
    check_not_paused,
    open_now,
    takes_confirmations_now,
)
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.tokens import BadToken
from pledge.endorsements import versions
from pledge.endorsements.applications import Applicant, Payload
from pledge.endorsements.identifiers import (
    ConfirmLink,
    Mailbox,
    address_hash,
    read_confirm_token,
    read_ticket,
    ticket_for,
)
from pledge.endorsements.mail_servers import is_scanned
from pledge.endorsements.models import Endorsement, EndorsementState, EndorsementVersion
from pledge.endorsements.outbox import enqueue_if_allowed
from pledge.endorsements.rules import MAX_PERSON, Content, clean, clean_line
from pledge.endorsements.verification.domains import earned_level
from pledge.endorsements.verification.names import name_key
from pledge.endorsements.verification.registration import optional_registration_number
from pledge.files import services as files
from pledge.mail.models import MailKind, RequestKind
from pledge.mail.requests import ask


@dataclass(frozen=True)
class Contact:
    """Who speaks for an organisation."""

    name: str
    title: str
    mailbox: Mailbox
    show: bool  #: their consent that name and title are shown in public


@dataclass(frozen=True)
class Application:
    """What was sent with the form, after the form's own checks."""

    slug: str
    content: Content
    contact: Contact
    registration_number: str
    lang: str
    privacy_version: str
    pledge_version: int | None = None
    proved: bool = False  #: with proof of work


def apply(application: Application) -> str:
    """Hand an application to the worker, which stores it and enqueues the mail that confirms it (requests.py).

    Returns the ticket of the "check your mail" page. Nothing that is known of the person or the organisation is read.
    Raises CampaignNotOpen, SigningPaused, BadContent, BadRegistrationNumber, UnknownFile.
    """
    check_not_paused()
    content, contact = clean(application.content), application.contact
    name = clean_line("contact_name", contact.name, MAX_PERSON)
    title = clean_line("contact_title", contact.title, MAX_PERSON)
    number = optional_registration_number(application.registration_number)
    key, hashed = name_key(content.name), address_hash(contact.mailbox)
    with transaction() as session:
        campaign_id, pledge_text_id = _chosen(session, application)
        if content.logo:
            files.check_stored(session, content.logo)
        applicant = Applicant(
            name=name,
            title=title,
            email=contact.mailbox.mailed,
            show=contact.show,
            registration_number=number,
            lang=application.lang,
            pledge_text_id=pledge_text_id,
            privacy_version=application.privacy_version,
        )
        payload = Payload(key, content, applicant, application.proved).dump()
        ask(
            session,
            RequestKind.ENDORSE,
            campaign_id,
            application.lang,
            address_hash=hashed,
            payload=payload,
        )
    return ticket_for(application.slug, hashed, key)


def confirm(endorsement_id: int, seq: int, *, is_proved: bool = False) -> str | None:
    """Hand a confirmed application over for review, with the level that mail and website prove.

    What the application says of the person is in force from now on; other waiting ones are deleted. The campaign's name
    in addresses when this call did it; None when there was nothing to move (done before, another one was confirmed, gone, or too late), or when a
    scanner of the mail server may have pressed and nothing else proves that a person did (number_matching.py).
    """
    now = clock.now()
    with transaction() as session:
        row = _waiting(session, endorsement_id)
        version = None if row is None else _version(session, row, seq)
        if row is None or version is None or not _takes_confirmations(session, row.campaign_id):
            return None
        if not is_proved and is_scanned(session.connection(), row.contact_email):
            return None
        if version.applicant is not None:
            Applicant.load(version.applicant).fill(row)
            row.submitted_at = now
        versions.settle(session, row, version)
        row.state, row.confirmed_at, row.ended_at = EndorsementState.REVIEW, now, None
        row.decision_reason = ""
        row.level = earned_level(row.mail_domain, version.website)
        return session.scalars(select(Campaign.slug).where(Campaign.id == row.campaign_id)).one()


def confirm_by_link(token: str, signals: Collection[Press] = ()) -> str | None:
    """Confirm with a mailed link, as confirm() does; None also when the link has expired, or the signals say that a machine
    pressed. Raises BadToken.
    """
    mailed = read_confirm_token(token)
    return None if mailed.expired or is_machine(signals) else confirm(mailed.endorsement_id, mailed.seq)


def mailed_version(session: Session, link: ConfirmLink) -> tuple[Endorsement, EndorsementVersion] | None:
    """The locked row and the waiting version that a link to confirm belongs to."""
    row = _waiting(session, link.endorsement_id, _mailed_to(link))
    version = None if row is None else _version(session, row, link.seq)
    return None if row is None or version is None else (row, version)


def resend(slug: str, ticket: str, lang: str) -> None:
    """Ask for the mail about one application once more. Raises BadToken."""
    hashed, digest = read_ticket(slug, ticket)
    _ask(RequestKind.ENDORSE_RESEND, slug, lang, hashed, payload=digest.hex())


def send_link(slug: str, mailbox: Mailbox, lang: str) -> None:
    """Ask for the links to the own pages of whatever this person speaks for; for a stranger no mail follows."""
    _ask(RequestKind.ENDORSE_LINK, slug, lang, address_hash(mailbox), payload=None)


def mail_own_link(token: str, lang: str) -> None:
    """Enqueue the link to the own page for the person who has just confirmed with this link. Raises BadToken."""
    link = read_confirm_token(token)
    with transaction() as session:
        row = session.get(Endorsement, link.endorsement_id)
        if row is None or row.confirmed_at is None or row.state == EndorsementState.WITHDRAWN:
            raise BadToken
        if row.contact_number != link.contact_number:  # another person speaks for it now
            raise BadToken
        enqueue_if_allowed(session, row, MailKind.ENDORSE_MANAGE, lang=lang, may_wait=True)


def renew(token: str, lang: str) -> tuple[str, str]:
    """Enqueue a new mail for an expired link, to the stored address. Returns slug and ticket of the waiting page.

    Raises BadToken when the link is not for an application that still waits.
    """
    link = read_confirm_token(token)
    with transaction() as session:
        row = _waiting(session, link.endorsement_id, _mailed_to(link))
        if row is None or _version(session, row, link.seq) is None:
            raise BadToken
        enqueue_if_allowed(session, row, MailKind.ENDORSE_CONFIRM, lang=lang, seq=link.seq, may_wait=True)
        slug = session.scalars(select(Campaign.slug).where(Campaign.id == row.campaign_id)).one()
        return slug, ticket_for(slug, row.address_hash, row.name_key, by_link=True)


def disown(token: str) -> bool:
    """ "This was not us": delete the waiting application. True when something waited.

    What was on the wall before stays as it is. Raises BadToken.
    """
    link = read_confirm_token(token)
    with transaction() as session:
        row = _waiting(session, link.endorsement_id, _mailed_to(link))
        if row is None:
            return False
        versions.drop_waiting(session, row)
        if row.state == EndorsementState.PENDING:
            session.delete(row)
    return True


def _ask(kind: RequestKind, slug: str, lang: str, hashed: bytes, payload: str | None) -> None:
    with transaction() as session:
        campaign_id = session.scalar(select(Campaign.id).where(Campaign.slug == slug))
        if campaign_id is not None:
            ask(session, kind, campaign_id, lang, address_hash=hashed, payload=payload)


def _version(session: Session, row: Endorsement, seq: int) -> EndorsementVersion | None:
    """The version of this number, if it waits."""
    return next((version for version in versions.waiting(session, row) if version.seq == seq), None)


def _chosen(session: Session, application: Application) -> tuple[int, int]:
    """The open campaign and the pledge text that was shown. Raises CampaignNotOpen."""
    version = application.pledge_version
    found = session.execute(
        select(Campaign.id, PledgeText.id)
        .join(PledgeText, PledgeText.campaign_id == Campaign.id)
        .where(
            Campaign.slug == application.slug,
            open_now(),
            *([PledgeText.version == version] if version is not None else []),
        )
        .order_by(PledgeText.version.desc())
        .limit(1)
    ).first()
    if found is None:
        raise CampaignNotOpen
    return found[0], found[1]


def _takes_confirmations(session: Session, campaign_id: int) -> bool:
    query = select(Campaign.id).where(Campaign.id == campaign_id, takes_confirmations_now())
    return session.scalar(query) is not None


def _waiting(session: Session, endorsement_id: int, *conditions: ColumnElement[bool]) -> Endorsement | None:
    """The row, locked, when something in it waits for its mail to be confirmed."""
    row = session.scalar(
        select(Endorsement).where(Endorsement.id == endorsement_id, *conditions).with_for_update()
    )
    return row if row is not None and versions.is_waiting(session, row) else None


def _mailed_to(link: ConfirmLink) -> ColumnElement[bool]:
    """SQL: the link belongs to the person who speaks for it now; a link of an earlier one does not count."""
    return Endorsement.contact_number == link.contact_number
