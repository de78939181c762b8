"""What the person who speaks for an organisation may do: apply, ask for the mail again, confirm, say "this was not us"; on its own
page correct, prove the website, withdraw, erase. How another person takes over is in handover.py.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from pledge.abuse.signals import ClickSignal, is_machine_click
from pledge.audit.models import ORGANIZATION
from pledge.audit.services import record
from pledge.campaigns.goals import check_group_goal
from pledge.campaigns.models import Campaign, PledgeText
from pledge.campaigns.opening import CampaignNotOpen, check_not_paused, open_now, takes_confirmations_now
from pledge.campaigns.rules import Checker, changed
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.text.lines import LineFault
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements import promises, versions
from pledge.endorsements.applications import Applicant, ConfirmLink, Payload, name_digest, read_confirm_token
from pledge.endorsements.counting import count_out
from pledge.endorsements.models import (
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VerificationLevel,
    VersionState,
)
from pledge.endorsements.outbox import enqueue_once, is_scanned
from pledge.endorsements.rules import (
    BadContent,
    Content,
    clean,
    clean_person,
    clean_registration_number,
    spokesperson,
)
from pledge.endorsements.verification.domains import earned_level
from pledge.endorsements.verification.ladder import check_site, site_proof
from pledge.endorsements.verification.names import name_key
from pledge.files import services as files
from pledge.ledger.models import Reason
from pledge.mail import allowance
from pledge.mail.addresses import Address, address_hash
from pledge.mail.models import MailKind, RequestKind
from pledge.mail.requests import ask
from pledge.mailed_links import tickets
from pledge.mailed_links.links import Confirmation, check_number, read_valid


@dataclass(frozen=True)
class Application:
    """What was sent with the form, after the form's own checks."""

    slug: str
    content: Content
    contact_name: str  #: of the person who speaks for the organisation
    contact_title: str  #: "" for none
    mailbox: Address
    show_contact: bool  #: their consent that name and title are shown in public
    registration_number: str
    lang: str
    privacy_version: str
    pledge_version: int | None = None
    proved: bool = False  #: with proof of work


def apply(application: Application) -> str:
    """Hand an application to the worker, which stores it and enqueues the mail that confirms it (requests.py).

    Returns the ticket of the "check your mail" page. Nothing that is known of the person or the organisation is read.
    Raises CampaignNotOpen, SigningPaused, BadContent, UnknownFile.
    """
    check_not_paused()
    content, lang = clean(application.content), application.lang
    if not content.name[lang]:
        raise BadContent("name", LineFault.EMPTY)
    name, title = clean_person(application.contact_name, application.contact_title)
    number = clean_registration_number(application.registration_number)
    key, hashed = name_key(content.name), address_hash(application.mailbox)
    with transaction() as session:
        campaign_id, pledge_text_id = _chosen(session, application)
        if content.logo:
            files.check_stored(session, content.logo)
        applicant = Applicant(
            name=name,
            title=title,
            email=application.mailbox.mailed,
            show=application.show_contact,
            registration_number=number,
            lang=lang,
            pledge_text_id=pledge_text_id,
            privacy_version=application.privacy_version,
        )
        payload = Payload(name_key=key, content=content, applicant=applicant, proved=application.proved)
        about = {"address_hash": hashed, "payload": payload.model_dump_json()}
        ask(session, RequestKind.ENDORSE, campaign_id, lang, **about)
    return ticket_for(application.slug, hashed, key)


def ticket_for(slug: str, hashed: bytes, name_key: str, *, by_link: bool = False) -> str:
    """The ticket of the page where somebody waits for the mail: person and organisation."""
    parts = (bytes(hashed).hex(), name_digest(name_key))
    return tickets.seal(Purpose.ENDORSE_TICKET, slug, *parts, by_link=by_link)


def read_ticket(slug: str, ticket: str) -> tuple[bytes, str]:
    """The address hash and the digest of the name inside a ticket of this campaign. Raises BadToken."""
    hashed, digest = tickets.read(Purpose.ENDORSE_TICKET, slug, ticket)
    return bytes.fromhex(hashed), digest


def confirm(endorsement_id: int, seq: int, *, is_proved: bool = False) -> str | None:
    """Hand a confirmed application over for review, with the level that mail and website prove.

    What the application says of the person is in force from now on; other waiting ones are deleted. The campaign's name
    in addresses when this call did it; None when there was nothing to move (done before, another one was confirmed, gone, or too late), or when a
    scanner of the mail server may have pressed and nothing else proves that a person did (mailed_links/links.py).
    """
    now = clock.now()
    with transaction() as session:
        waiting = _waiting(session, seq, Endorsement.id == endorsement_id)
        if waiting is None:
            return None
        row, version = waiting
        open_campaign = select(Campaign.slug).where(Campaign.id == row.campaign_id, takes_confirmations_now())
        slug = session.scalar(open_campaign)
        if slug is None:
            return None
        if not is_proved and is_scanned(session.connection(), row.contact_email):
            return None
        if version.applicant is not None:
            Applicant.model_validate_json(version.applicant).fill(row)
            row.submitted_at = now
        versions.settle(session, row, version)
        row.state, row.confirmed_at, row.ended_at = EndorsementState.REVIEW, now, None
        row.decision_reason = ""
        row.level = earned_level(row.mail_domain, version.website)
        return slug


def confirm_by_link(token: str, signals: Collection[ClickSignal] = ()) -> str | None:
    """Confirm with a mailed link, as confirm() does; None also when the link has expired, or the signals say that a machine
    pressed. Raises BadToken.
    """
    mailed = read_confirm_token(token)
    return None if mailed.expired or is_machine_click(signals) else confirm(mailed.endorsement_id, mailed.seq)


def confirm_by_number(token: str, digits: str, signals: Collection[ClickSignal] = ()) -> Confirmation:
    """Confirm by link and two digits. Whoever closed the page with the digits sends the form again. Raises BadToken."""
    link = read_confirm_token(token)
    with transaction() as session:
        waiting = None if link.expired else _waiting(session, link.seq, *_mailed_to(link))
        if waiting is None:
            return Confirmation.WRONG
        row, version = waiting
        version.match_tries += 1
        parts = (bytes(row.address_hash).hex(), name_digest(row.name_key))
        outcome = check_number(version.match_tries, digits, *parts)
    if outcome is Confirmation.DONE:
        confirm(link.endorsement_id, link.seq, is_proved=True)
    return outcome


def resend(slug: str, ticket: str, lang: str) -> None:
    """Ask for the mail about one application once more. Raises BadToken."""
    hashed, digest = read_ticket(slug, ticket)
    tickets.ask(RequestKind.ENDORSE_RESEND, slug, lang, address_hash=hashed, payload=digest)


def mail_own_link(token: str, lang: str) -> None:
    """Enqueue the link to the own page for the person who has just confirmed with this link. Raises BadToken."""
    link = read_confirm_token(token)
    with transaction() as session:
        row = session.scalar(select(Endorsement).where(*_mailed_to(link)))
        if row is None or row.confirmed_at is None or row.state == EndorsementState.WITHDRAWN:
            raise BadToken
        enqueue_once(session, row, MailKind.ENDORSE_MANAGE, lang)


def renew(token: str, lang: str) -> tuple[str, str]:
    """Enqueue a new mail for an expired link, to the stored address. Returns slug and ticket of the waiting page.

    Raises BadToken when the link is not for an application that still waits.
    """
    link = read_confirm_token(token)
    with transaction() as session:
        waiting = _waiting(session, link.seq, *_mailed_to(link))
        if waiting is None:
            raise BadToken
        row, _version = waiting
        enqueue_once(session, row, MailKind.ENDORSE_CONFIRM, lang, link.seq)
        slug = session.scalars(select(Campaign.slug).where(Campaign.id == row.campaign_id)).one()
        return slug, ticket_for(slug, row.address_hash, row.name_key, by_link=True)


def disown(token: str) -> bool:
    """ "This was not us": delete the waiting application. True when something waited.

    What was on the wall before stays as it is. Raises BadToken.
    """
    link = read_confirm_token(token)
    with transaction() as session:
        row = versions.lock(session, *_mailed_to(link))
        if row is None or not row.is_unconfirmed:
            return False
        # A stranger may have written them; numbers are not used again.
        for version in row.proposed:
            versions.drop(session, row, version)
        if row.state == EndorsementState.PENDING:
            session.delete(row)
    return True


def _chosen(session: Session, application: Application) -> tuple[int, int]:
    """The open campaign and the pledge text that was shown. Raises CampaignNotOpen."""
    query = (
        select(Campaign.id, PledgeText.id)
        .join(PledgeText, PledgeText.campaign_id == Campaign.id)
        .where(Campaign.slug == application.slug, open_now())
        .order_by(PledgeText.version.desc())
    )
    if application.pledge_version is not None:
        query = query.where(PledgeText.version == application.pledge_version)
    row = session.execute(query.limit(1)).first()
    if row is None:
        raise CampaignNotOpen
    return row[0], row[1]


def _waiting(
    session: Session, seq: int, *conditions: ColumnElement[bool]
) -> tuple[Endorsement, EndorsementVersion] | None:
    """The row, locked, and its version of this number, when that waits for its mail to be confirmed."""
    row = versions.lock(session, *conditions)
    if row is None or not row.is_unconfirmed:
        return None
    return next(((row, version) for version in row.proposed if version.seq == seq), None)


def _mailed_to(link: ConfirmLink) -> tuple[ColumnElement[bool], ...]:
    """SQL: the row of a link that belongs to the person who speaks for it now; that of an earlier one does not count."""
    return Endorsement.id == link.endorsement_id, Endorsement.contact_number == link.contact_number


#: States in which an organisation may correct what it shows.
CORRECTABLE = (EndorsementState.REVIEW, EndorsementState.CHANGES, EndorsementState.PUBLISHED)
#: The person's number when nobody speaks for it any more; no link has it.
NOBODY = 0
#: Levels that a proof on the website can raise.
_BELOW_SITE = (VerificationLevel.MAIL, VerificationLevel.DOMAIN)


class EndorsementInWrongState(Exception):
    """The endorsement's state does not allow this, or no longer."""


def correct(token: str, content: Content, *, name: str, title: str, show: bool) -> bool:
    """Change what the organisation shows and who is named for it; True when a new version now waits for review.

    What is on the wall stays there meanwhile. Withdrawing the consent to be named takes effect at once. Raises BadToken,
    EndorsementInWrongState, BadContent, UnknownFile.
    """
    content = clean(content)
    name, title = clean_person(name, title)
    with transaction() as session:
        row = own_row(session, token)
        if row.state not in CORRECTABLE:
            raise EndorsementInWrongState
        if row.show_contact and not show:
            versions.hide_spokesperson(row)
        row.contact_name, row.contact_title, row.show_contact = name, title, show
        shown, newest = spokesperson(name, title, show=show), row.newest
        in_hand = newest.state in (VersionState.PROPOSED, VersionState.PUBLISHED)
        if in_hand and versions.content_of(newest) == content and newest.spokesperson == shown:
            return False
        versions.propose(session, row, content, shown)
        row.decision_reason = ""
        if row.state != EndorsementState.PUBLISHED:
            row.state = EndorsementState.REVIEW
            if row.level != VerificationLevel.STAFF and content.website != newest.website:
                row.level = earned_level(row.mail_domain, content.website)
    return True


def check_website(token: str) -> bool:
    """Look for the organisation's proof on its website now; True when it is there and the level was raised.

    The website is read outside any transaction; the proof counts only if the website is still the organisation's afterwards. Raises
    BadToken, EndorsementInWrongState.
    """
    with transaction() as session:
        row = own_row(session, token)
        website = row.shown.website
        if row.level not in _BELOW_SITE or row.state not in CORRECTABLE:
            raise EndorsementInWrongState
        endorsement_id = row.id
    if not check_site(website, site_proof(endorsement_id)):
        return False
    with transaction() as session:
        row = own_row(session, token)
        if row.level not in _BELOW_SITE or row.shown.website != website:
            raise EndorsementInWrongState
        row.level = VerificationLevel.SITE
    return True


def set_group_goal(token: str, goal: int | None) -> None:
    """Count in public who signs through the organisation's link, towards this goal; None ends that.

    Raises BadToken, EndorsementInWrongState, BadFields.
    """
    check = Checker()
    check_group_goal(check, goal)
    check.finish()
    with transaction() as session:
        row = own_row(session, token)
        if row.state != EndorsementState.PUBLISHED:
            raise EndorsementInWrongState
        if row.group_goal == goal:
            return
        facts = changed({"goal": row.group_goal}, {"goal": goal})
        row.group_goal = goal
        record(session, ORGANIZATION, "endorsement.group_goal", f"endorsement:{row.id}", **facts)


def affirm(token: str) -> None:
    """Record that the public promise is still true. Raises BadToken, EndorsementInWrongState."""
    with transaction() as session:
        row = own_row(session, token)
        if promises.same(None, row.published):
            raise EndorsementInWrongState
        row.affirmed_at = clock.now()
        record(session, ORGANIZATION, "endorsement.affirm", f"endorsement:{row.id}")


def withdraw(token: str) -> bool:
    """Take the endorsement back: -1 in the ledger when it was counted, once; a line stays on the wall. False when it had ended.

    Raises BadToken.
    """
    with transaction() as session:
        row = own_row(session, token)
        if is_done := row.state in CORRECTABLE:
            _end(session, row)
    return is_done


def erase(token: str) -> None:
    """Delete the person's data for good; the endorsement is withdrawn first. Raises BadToken.

    For an organisation that was on the wall a public line stays, which says nothing about the person. Otherwise nothing stays.
    """
    with transaction() as session:
        row = own_row(session, token)
        if row.state in CORRECTABLE:
            _end(session, row)
        allowance.erase(session, row.contact_email)
        if row.published_at is None:
            delete_row(session, row)
        else:
            forget_person(session, row)


def own_row(session: Session, token: str) -> Endorsement:
    """The row, locked, if this link still belongs to the person who speaks for the organisation. Raises BadToken."""
    endorsement_id, contact_number = read_valid(Purpose.ENDORSE_MANAGE, token, 2)
    row = versions.lock(
        session, Endorsement.id == endorsement_id, Endorsement.contact_number == contact_number
    )
    if row is None or row.confirmed_at is None:
        raise BadToken
    return row


def forget_person(session: Session, row: Endorsement) -> None:
    """Erase everything about the person, and what identifies them; their links become invalid. The versions stay."""
    versions.hide_spokesperson(row)
    row.contact_name = row.contact_title = row.contact_email = row.mail_domain = ""
    row.address_hash = secrets.token_bytes(32)  # random: nobody can be found by it
    row.registration_number = row.registration_hash = None
    row.contact_number = NOBODY
    session.execute(delete(ContactChange).where(ContactChange.endorsement_id == row.id))


def delete_row(session: Session, row: Endorsement) -> None:
    """Delete the endorsement with its versions and logos."""
    for logo in {version.logo for version in row.versions if version.logo}:
        files.discard(session, logo)
    session.delete(row)


def _end(session: Session, row: Endorsement) -> None:
    """Withdraw: off the wall, out of the count, nothing waits for review, nobody is named."""
    now = clock.now()
    if row.state == EndorsementState.PUBLISHED:
        count_out(session, row, Reason.WITHDRAWN, now)
    row.state, row.ended_at = EndorsementState.WITHDRAWN, now
    versions.move_versions(row, VersionState.PROPOSED, VersionState.SUPERSEDED)
    versions.hide_spokesperson(row)
