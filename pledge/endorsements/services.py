"""What the person who speaks for an organisation may do before it is confirmed: apply, ask for the mail again, confirm,
say "this was not us". What they may do afterwards stands in own.py and handover.py.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pledge import clock
from pledge.campaigns.models import Campaign, CampaignState, PledgeText
from pledge.campaigns.queries import CONFIRM_GRACE
from pledge.db import transaction
from pledge.endorsements import versions
from pledge.endorsements.domains import is_free_mail
from pledge.endorsements.identifiers import (
    ConfirmLink,
    Mailbox,
    address_hash,
    domain_of,
    name_digest,
    new_id,
    read_confirm_token,
    registration_hash,
    ticket_for,
)
from pledge.endorsements.levels import earned_level
from pledge.endorsements.models import Endorsement, EndorsementState, Level
from pledge.endorsements.names import name_key
from pledge.endorsements.outbox import owe, owe_if_allowed, slot_for
from pledge.endorsements.registration import optional_registration_number
from pledge.endorsements.rules import LONGEST_PERSON, Content, clean, clean_line
from pledge.endorsements.versions import spokesperson
from pledge.mail.models import MailBlock, MailKind
from pledge.switches import queries as switches
from pledge.tokens import BadToken

#: How long an address gets no mail after "this was not us"; as for signatures.
BLOCK = timedelta(days=30)

#: What a new application may replace. A withdrawn or declined one changes its state only when the mail is confirmed.
_REPLACEABLE = (EndorsementState.PENDING, EndorsementState.WITHDRAWN, EndorsementState.DECLINED)


class CampaignNotOpen(Exception):
    """The campaign takes no endorsements now, or the pledge text named by the form is not one of its versions."""


class SigningPaused(Exception):
    """Staff have paused signing, and with it endorsing, for all campaigns."""


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


def apply(application: Application) -> str:
    """Record an application and owe the mail that confirms it, together or not at all.

    Returns the ticket of the "check your mail" page, the same whether this person or organisation is new, waits, is
    listed or may get no mail now. Raises CampaignNotOpen, SigningPaused, BadContent, BadRegistrationNumber, UnknownFile.
    """
    if switches.current().signing_paused:
        raise SigningPaused
    content = clean(application.content)
    key = name_key(content.name_ko, content.name_en)
    try:
        _record(application, content, key)
    except IntegrityError:
        # The same application at the same moment was stored first; this one finds it and changes nothing.
        _record(application, content, key)
    return ticket_for(application.slug, address_hash(application.contact.mailbox), key)


def confirm(endorsement_id: int, seq: int) -> bool:
    """Hand a confirmed application to the review desk, with the level that mail and website prove.

    True when this call did it; False when there was nothing to move (done before, replaced, gone, or too late).
    """
    now = clock.now()
    with transaction() as session:
        row = _waiting(session, endorsement_id, Endorsement.seq == seq)
        if row is None or not _takes_confirmations(session, row.campaign_id):
            return False
        version = versions.newest_version(session, row)
        row.state, row.confirmed_at, row.ended_at = EndorsementState.REVIEW, now, None
        row.decision_reason = ""
        row.level = earned_level(row.mail_domain, version.website)
    return True


def resend(slug: str, hashed: bytes, digest: bytes, lang: str) -> None:
    """Owe the same mail once more, within the caps: to confirm, or that the organisation is known already."""
    with transaction() as session:
        for row in _rows_of(session, slug, hashed):
            if name_digest(row.name_key) != digest:
                continue
            if versions.is_waiting(session, row):
                _owe_confirmation(session, row, lang)
            elif row.state not in _REPLACEABLE:
                owe_if_allowed(session, row, MailKind.ENDORSE_ALREADY, lang=lang)


def send_links(slug: str, mailbox: Mailbox, lang: str) -> None:
    """Owe the link to the own page of each organisation that this person speaks for; a stranger gets nothing.

    An application that is not confirmed gets the mail to confirm. Several mails follow each other within the caps.
    """
    with transaction() as session:
        for row in _rows_of(session, slug, address_hash(mailbox)):
            if row.confirmed_at is None:
                _owe_confirmation(session, row, lang, may_wait=True)
            else:
                owe_if_allowed(session, row, MailKind.ENDORSE_MANAGE, lang=lang, may_wait=True)


def mail_own_link(token: str, lang: str) -> None:
    """Owe the link to the own page to who has just confirmed with this link. Raises BadToken."""
    link = read_confirm_token(token)
    with transaction() as session:
        row = session.get(Endorsement, link.endorsement_id)
        if row is None or row.confirmed_at is None or row.state == EndorsementState.WITHDRAWN:
            raise BadToken
        if row.contact_number != link.contact_number:  # another person speaks for it now
            raise BadToken
        owe_if_allowed(session, row, MailKind.ENDORSE_MANAGE, lang=lang)


def renew(token: str, lang: str) -> tuple[int, bytes, str]:
    """Owe a new mail for an expired link, to the stored address. Returns campaign id, address hash and name key.

    Raises BadToken when the link is not for an application that still waits.
    """
    link = read_confirm_token(token)
    with transaction() as session:
        row = _waiting(session, link.endorsement_id, _mailed_to(link), Endorsement.seq == link.seq)
        if row is None:
            raise BadToken
        _owe_confirmation(session, row, lang)
        return row.campaign_id, row.address_hash, row.name_key


def disown(token: str) -> bool:
    """ "This was not us": delete what waits and stop mails to its address. True when something waited.

    What was on the wall before stays as it is. Raises BadToken.
    """
    link = read_confirm_token(token)
    with transaction() as session:
        row = _waiting(session, link.endorsement_id, _mailed_to(link))
        if row is None:
            return False
        session.merge(MailBlock(address_hash=bytes(row.address_hash), until=clock.now() + BLOCK))
        versions.drop_waiting(session, row)
        if row.state == EndorsementState.PENDING:
            session.delete(row)
    return True


def _record(application: Application, content: Content, key: str) -> None:
    """One transaction: what is known, a mail slot, the rows and the mail."""
    hashed, mailed = address_hash(application.contact.mailbox), application.contact.mailbox.mailed
    with transaction() as session:
        campaign_id, pledge_text_id = _chosen(session, application)
        row = session.scalar(
            select(Endorsement)
            .where(
                Endorsement.campaign_id == campaign_id,
                Endorsement.address_hash == hashed,
                Endorsement.name_key == key,
            )
            .with_for_update()
        )
        if row is not None and row.state not in _REPLACEABLE:
            owe_if_allowed(session, row, MailKind.ENDORSE_ALREADY, lang=application.lang)
            return
        # What a link confirms changes only together with a new mail, so without a slot nothing is stored.
        due_at = slot_for(session, hashed, mailed, MailKind.ENDORSE_CONFIRM, may_wait=row is None)
        if due_at is None:
            return
        if row is None:
            row = Endorsement(
                id=new_id(),
                campaign_id=campaign_id,
                address_hash=hashed,
                name_key=key,
                seq=0,
                state=EndorsementState.PENDING,
                level=Level.MAIL,
            )
            session.add(row)
        _fill(row, application, pledge_text_id)
        session.flush()
        versions.propose(session, row, content, spokesperson(row), in_place=True)
        owe(session, row, MailKind.ENDORSE_CONFIRM, due_at=due_at)


def _fill(row: Endorsement, application: Application, pledge_text_id: int) -> None:
    """What an application says of the person, and under which texts."""
    contact, now = application.contact, clock.now()
    domain = domain_of(contact.mailbox)
    number = optional_registration_number(application.registration_number)
    row.contact_name = clean_line("contact_name", contact.name, LONGEST_PERSON)
    row.contact_title = clean_line("contact_title", contact.title, LONGEST_PERSON)
    row.contact_email = contact.mailbox.mailed
    row.mail_domain = "" if is_free_mail(domain) else domain
    row.show_contact = contact.show
    row.registration_number = number
    row.registration_hash = None if number is None else registration_hash(number)
    row.lang = application.lang
    row.pledge_text_id = pledge_text_id
    row.privacy_version = application.privacy_version
    row.submitted_at = row.asked_at = now


def _chosen(session: Session, application: Application) -> tuple[int, int]:
    """The open campaign and the pledge text that was shown. Raises CampaignNotOpen."""
    now, version = clock.now(), application.pledge_version
    found = session.execute(
        select(Campaign.id, PledgeText.id)
        .join(PledgeText, PledgeText.campaign_id == Campaign.id)
        .where(
            Campaign.slug == application.slug,
            Campaign.state == CampaignState.OPEN,
            or_(Campaign.opens_at.is_(None), Campaign.opens_at <= now),
            or_(Campaign.closes_at.is_(None), Campaign.closes_at > now),
            *([PledgeText.version == version] if version is not None else []),
        )
        .order_by(PledgeText.version.desc())
        .limit(1)
    ).first()
    if found is None:
        raise CampaignNotOpen
    return found[0], found[1]


def _takes_confirmations(session: Session, campaign_id: int) -> bool:
    """As for signatures: while open, and mails in flight for a day after closing."""
    grace = clock.now() - CONFIRM_GRACE
    open_still = (Campaign.closes_at > grace) | (
        Campaign.closes_at.is_(None) & (Campaign.state == CampaignState.OPEN)
    )
    query = select(Campaign.id).where(
        Campaign.id == campaign_id, Campaign.state != CampaignState.DRAFT, open_still
    )
    return session.scalar(query) is not None


def _waiting(session: Session, endorsement_id: int, *conditions: ColumnElement[bool]) -> Endorsement | None:
    """The row, locked, when something in it waits for its mail to be confirmed."""
    row = session.scalar(
        select(Endorsement).where(Endorsement.id == endorsement_id, *conditions).with_for_update()
    )
    return row if row is not None and versions.is_waiting(session, row) else None


def _mailed_to(link: ConfirmLink) -> ColumnElement[bool]:
    """The link of somebody who spoke for it before says nothing about who does now."""
    return Endorsement.contact_number == link.contact_number


def _rows_of(session: Session, slug: str, hashed: bytes) -> list[Endorsement]:
    query = (
        select(Endorsement)
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .where(Campaign.slug == slug, Endorsement.address_hash == hashed)
        .order_by(Endorsement.submitted_at.desc())
    )
    return list(session.scalars(query))


def _owe_confirmation(session: Session, row: Endorsement, lang: str, *, may_wait: bool = False) -> None:
    if owe_if_allowed(session, row, MailKind.ENDORSE_CONFIRM, lang=lang, may_wait=may_wait):
        row.asked_at = clock.now()
