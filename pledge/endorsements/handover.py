"""Another person takes over to speak for an organisation: asked for by the present one, in force when the new one confirms."""

import secrets

from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pledge.core import clock, tokens
from pledge.core.db import transaction
from pledge.core.tokens import Purpose
from pledge.endorsements import versions
from pledge.endorsements.models import Contact, ContactChange, Endorsement
from pledge.endorsements.outbox import enqueue, enqueue_once
from pledge.endorsements.rules import clean_person
from pledge.endorsements.services import CORRECTABLE, EndorsementInWrongState, own_row
from pledge.endorsements.verification.domains import earned_level, is_free_mail
from pledge.mail.addresses import Address, address_hash, domain_of
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.mailed_links.links import Confirmation, check_number, read_numbers


class SamePerson(Exception):
    """The mailbox is that of the person who speaks for the organisation already."""


class AlreadySpokesperson(Exception):
    """The new person has an application of their own for this organisation; only staff can join the two."""


def ask(token: str, *, name: str, title: str, mailbox: Address, lang: str) -> None:
    """Ask another person to take over; a mail to them is enqueued if their address may get one.

    A change that was asked for before is replaced, and the link in its mail becomes invalid. Raises BadToken, EndorsementInWrongState (also
    while the mail that tells the person before still waits), SamePerson, BadContent.
    """
    name, title = clean_person(name, title)
    hashed, domain = address_hash(mailbox), domain_of(mailbox)
    with transaction() as session:
        row = own_row(session, token)
        # While the person before has not been told, the change that is in force still has their address.
        untold = exists().where(
            OutboxMail.subject_id == row.id,
            OutboxMail.kind == MailKind.ENDORSE_HANDOVER,
            OutboxMail.state == MailState.QUEUED,
        )
        if row.state not in CORRECTABLE or session.scalar(select(untold)):
            raise EndorsementInWrongState
        if hashed == row.address_hash:
            raise SamePerson
        change = session.merge(
            ContactChange(
                endorsement_id=row.id,
                contact_number=secrets.randbelow(2**31 - 1) + 1,
                contact_name=name,
                contact_title=title,
                contact_email=mailbox.mailed,
                address_hash=hashed,
                mail_domain="" if is_free_mail(domain) else domain,
                lang=lang,
                asked_at=clock.now(),
                match_tries=0,
                done_at=None,
            )
        )
        number, address = change.contact_number, mailbox.mailed
        enqueue_once(session, row, MailKind.ENDORSE_CONTACT, lang, number, address=address)


def cancel(token: str) -> None:
    """Cancel a change that was asked for and is not in force. Raises BadToken."""
    with transaction() as session:
        row = own_row(session, token)
        session.execute(
            delete(ContactChange).where(
                ContactChange.endorsement_id == row.id, ContactChange.done_at.is_(None)
            )
        )


def accept(endorsement_id: int, contact_number: int, privacy_version: str) -> bool:
    """Put the change in force: mails go to the new person, the one before is told and their links become invalid.

    The level is the one that mail and website prove now; nobody is named in public until the new person asks for it. True when
    this call did it. Raises AlreadySpokesperson.
    """
    try:
        with transaction() as session:
            open_change = _open_change(session, endorsement_id, contact_number)
            if open_change is None:
                return False
            row, change = open_change
            for column in Contact.__annotations__:
                old, new = getattr(row, column), getattr(change, column)
                setattr(row, column, new)
                setattr(change, column, old)
            row.contact_number = change.contact_number
            row.privacy_version = privacy_version
            change.done_at = clock.now()
            versions.hide_spokesperson(row)
            row.level = earned_level(row.mail_domain, row.shown.website)
            enqueue(session, row, MailKind.ENDORSE_HANDOVER, lang=change.lang, seq=change.contact_number)
    except IntegrityError:
        raise AlreadySpokesperson from None
    return True


def refuse(token: str) -> bool:
    """ "This was not me": forget the change. True when there was one. Raises BadToken."""
    (endorsement_id, contact_number), _ = read_numbers(Purpose.ENDORSE_CONTACT, token, 2)
    with transaction() as session:
        open_change = _open_change(session, endorsement_id, contact_number)
        if open_change is None:
            return False
        session.delete(open_change[1])
    return True


def number_for(endorsement_id: int, contact_number: int) -> str:
    """The two digits for the person who is to take over, as the own page shows them to the person who asked."""
    return tokens.two_digits("contact", endorsement_id, contact_number)


def check_digits(endorsement_id: int, contact_number: int, digits: str) -> Confirmation:
    """Whether the new person typed their two digits; the try is counted while the change waits. Changes nothing else."""
    tries = 0
    with transaction() as session:
        # Once the change is in force nothing counts tries any more: the page then says that it is.
        if open_change := _open_change(session, endorsement_id, contact_number):
            open_change[1].match_tries += 1
            tries = open_change[1].match_tries
    return check_number(tries, digits, "contact", endorsement_id, contact_number)


def _open_change(
    session: Session, endorsement_id: int, contact_number: int
) -> tuple[Endorsement, ContactChange] | None:
    """The row, locked, and the change that this person was asked to confirm."""
    row = versions.lock(session, Endorsement.id == endorsement_id)
    change = session.get(ContactChange, endorsement_id)
    if row is None or change is None or row.state not in CORRECTABLE:
        return None
    if change.done_at is not None or change.contact_number != contact_number:
        return None
    return row, change
