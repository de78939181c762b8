"""What the person who speaks for an organisation may do on its own page: correct, prove the website, withdraw, erase."""

import secrets

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.tokens import BadToken
from pledge.endorsements import versions
from pledge.endorsements.counting import count_out
from pledge.endorsements.identifiers import read_own_token
from pledge.endorsements.models import (
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VerificationLevel,
    VersionState,
)
from pledge.endorsements.rules import MAX_PERSON, Content, clean, clean_line
from pledge.endorsements.verification.domains import earned_level
from pledge.endorsements.verification.ladder import check_site, site_proof
from pledge.files import services as files
from pledge.ledger.models import Reason
from pledge.mail import allowance

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
    name = clean_line("contact_name", name, MAX_PERSON)
    title = clean_line("contact_title", title, MAX_PERSON)
    with transaction() as session:
        row = own_row(session, token)
        if row.state not in CORRECTABLE:
            raise EndorsementInWrongState
        if row.show_contact and not show:
            versions.hide_spokesperson(session, row)
        row.contact_name, row.contact_title, row.show_contact = name, title, show
        shown, newest = versions.spokesperson(row), versions.newest_version(session, row)
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
        website = shown_version(session, row).website
        if row.level not in _BELOW_SITE or row.state not in CORRECTABLE:
            raise EndorsementInWrongState
        endorsement_id = row.id
    if not check_site(website, site_proof(endorsement_id)):
        return False
    with transaction() as session:
        row = own_row(session, token)
        if row.level not in _BELOW_SITE or shown_version(session, row).website != website:
            raise EndorsementInWrongState
        row.level = VerificationLevel.SITE
    return True


def withdraw(token: str) -> None:
    """Take the endorsement back: -1 in the ledger when it was counted, once; a line stays on the wall. Raises BadToken."""
    with transaction() as session:
        row = own_row(session, token)
        if row.state in CORRECTABLE:
            _end(session, row)


def erase(token: str) -> None:
    """Delete the person's data for good; the endorsement is withdrawn first. Raises BadToken.

    For an organisation that was on the wall a public line stays, which says nothing about the person. Otherwise nothing stays.
    """
    with transaction() as session:
        row = own_row(session, token)
        if row.state in CORRECTABLE:
            _end(session, row)
        allowance.forget(session, row.contact_email)
        if row.published_at is None:
            delete_row(session, row)
        else:
            forget_person(session, row)


def own_row(session: Session, token: str) -> Endorsement:
    """The row, locked, if this link still belongs to the person who speaks for the organisation. Raises BadToken."""
    endorsement_id, contact_number = read_own_token(token)
    row = session.scalar(
        select(Endorsement)
        .where(Endorsement.id == endorsement_id, Endorsement.contact_number == contact_number)
        .with_for_update()
    )
    if row is None or row.confirmed_at is None:
        raise BadToken
    return row


def shown_version(session: Session, row: Endorsement) -> EndorsementVersion:
    """The version whose website the public level belongs to."""
    published = versions.version_in(session, row, VersionState.PUBLISHED)
    return published or versions.newest_version(session, row)


def forget_person(session: Session, row: Endorsement) -> None:
    """Erase everything about the person, and what identifies them; their links become invalid. The versions stay."""
    versions.hide_spokesperson(session, row)
    row.contact_name = row.contact_title = row.contact_email = row.mail_domain = ""
    row.address_hash = secrets.token_bytes(32)  # random: nobody can be found by it
    row.registration_number = row.registration_hash = None
    row.contact_number = NOBODY
    session.execute(delete(ContactChange).where(ContactChange.endorsement_id == row.id))


def delete_row(session: Session, row: Endorsement) -> None:
    """Delete the endorsement with its versions and logos."""
    logos = session.scalars(
        select(EndorsementVersion.logo).where(
            EndorsementVersion.endorsement_id == row.id, EndorsementVersion.logo != ""
        )
    )
    for logo in set(logos):
        files.discard(session, logo)
    session.delete(row)


def _end(session: Session, row: Endorsement) -> None:
    """Withdraw: off the wall, out of the count, nothing waits for review, nobody is named."""
    now = clock.now()
    if row.state == EndorsementState.PUBLISHED:
        count_out(session, row, Reason.WITHDRAWN, now)
    row.state, row.ended_at = EndorsementState.WITHDRAWN, now
    versions.supersede_proposed(session, row)
    versions.hide_spokesperson(session, row)
