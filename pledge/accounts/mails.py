"""Mails to staff: the invitation, and a notice when something about how a person signs in has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge import links, tokens
from pledge.accounts.models import StaffMember
from pledge.db import reading
from pledge.i18n import format_datetime
from pledge.mail.message import Claimed, Composers, Message
from pledge.mail.models import MailKind
from pledge.mail.outbox import enqueue
from pledge.tokens import Purpose

#: After the site's name above every mail, where mails to signers name their campaign.
_STAFF = {"ko": "운영진", "en": "Staff"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail goes to."""

    id: int
    email: str
    password: str | None
    invitation: int


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {
        MailKind.STAFF_INVITATION: invitation,
        MailKind.STAFF_NOTICE: notice,
        MailKind.STAFF_VALVE: notice,
    }


def enqueue_invitation(session: Session, person: StaffMember) -> None:
    """Enqueue the mail with the link of the person's newest invitation."""
    enqueue(session, MailKind.STAFF_INVITATION, person.id, person.lang, seq=person.invitation)


def enqueue_notice(session: Session, person: StaffMember) -> None:
    """Enqueue the mail that says that something about the account was changed."""
    enqueue(session, MailKind.STAFF_NOTICE, person.id, person.lang)


def enqueue_valve(session: Session, person: StaffMember) -> None:
    """Enqueue the mail that says that mails to new addresses are held back."""
    enqueue(session, MailKind.STAFF_VALVE, person.id, person.lang)


def invitation(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """Only for the newest invitation, while it has not been taken up."""
    return {
        mail.id: _message(mail, person.email, link=_invitation_link(person))
        for mail, person in _with_people(mails)
        if person.password is None and person.invitation == mail.seq
    }


def notice(mails: Sequence[Claimed]) -> Mapping[int, Message]:
    """What happened, and when."""
    return {
        mail.id: _message(
            mail, person.email, link=links.staff_link(), since=format_datetime(mail.created_at, mail.lang)
        )
        for mail, person in _with_people(mails)
    }


def _invitation_link(person: Recipient) -> str:
    return links.staff_invitation_link(tokens.mint(Purpose.STAFF_INVITATION, [person.id, person.invitation]))


def _message(mail: Claimed, to: str, **values: str) -> Message:
    return Message(
        to=to,
        kind=mail.kind,
        lang=mail.lang,
        message_id=mail.message_id,
        values={"campaign": f"{links.site_name(mail.lang)} · {_STAFF[mail.lang]}", **values},
    )


def _with_people(mails: Sequence[Claimed]) -> list[tuple[Claimed, Recipient]]:
    """The mails whose account is open."""
    query = select(StaffMember.id, StaffMember.email, StaffMember.password, StaffMember.invitation).where(
        StaffMember.active, StaffMember.id.in_({mail.subject_id for mail in mails})
    )
    with reading() as connection:
        people = {row[0]: Recipient(*row) for row in connection.execute(query)}
    return [(mail, people[mail.subject_id]) for mail in mails if mail.subject_id in people]
