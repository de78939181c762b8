"""Mails to staff: the invitation, a notice when something about how a person signs in has changed, and alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.abuse import alerts
from pledge.abuse.models import Alert, AlertKind, Facts
from pledge.accounts.models import StaffMember
from pledge.core import tokens, urls
from pledge.core.db import reading
from pledge.core.i18n import Phrase, format_datetime
from pledge.core.tokens import Purpose
from pledge.mail.messages import Claimed, Composers, Message, composer
from pledge.mail.models import MailKind
from pledge.mail.outbox import NewMail, enqueue

#: Beside the site's name at the head of every mail, where mails to signers name their campaign.
_STAFF = Phrase("mail", "Staff")

#: Where a kind of alert is looked into; the others: the first page of the staff area.
_PLACES = dict.fromkeys((AlertKind.SIGN_UPS_HELD, AlertKind.DOMAIN_HELD), urls.staff_watch_link)


@dataclass(frozen=True, slots=True)
class MailedMember:
    """The recipient of a mail."""

    id: int
    email: str
    password: str | None
    invitation: int


@dataclass(frozen=True, slots=True)
class MailedAlert:
    """An alert and who is told of it."""

    member: MailedMember
    kind: AlertKind
    facts: Facts


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {
        MailKind.STAFF_INVITATION: composer(_members, invitation),
        MailKind.STAFF_NOTICE: composer(_members, notice),
        MailKind.STAFF_ALERT: composer(_alerted, alert),
    }


def enqueue_invitation(session: Session, person: StaffMember) -> None:
    """Enqueue the mail with the link of the person's newest invitation."""
    enqueue(session, NewMail(MailKind.STAFF_INVITATION, person.id, person.lang, seq=person.invitation))


def enqueue_notice(session: Session, person: StaffMember) -> None:
    """Enqueue the mail that says that something about the account was changed."""
    enqueue(session, NewMail(MailKind.STAFF_NOTICE, person.id, person.lang))


def enqueue_alert(session: Session, person: StaffMember, alert_id: int) -> None:
    """Enqueue the mail that tells of an alert."""
    enqueue(session, NewMail(MailKind.STAFF_ALERT, person.id, person.lang, seq=alert_id))


def invitation(mail: Claimed, member: MailedMember) -> Message | None:
    """The invitation; only the newest, while it has not been accepted."""
    if member.password is not None or member.invitation != mail.seq:
        return None
    token = tokens.mint(Purpose.STAFF_INVITATION, [member.id, member.invitation])
    return _message(mail, member, link=urls.staff_invitation_link(token))


def notice(mail: Claimed, member: MailedMember) -> Message:
    """The notice of what was changed, and when."""
    since = format_datetime(mail.created_at, mail.lang)
    return _message(mail, member, link=urls.staff_link(), since=since)


def alert(mail: Claimed, told: MailedAlert) -> Message:
    """What the alert says, since when, and where to look."""
    values = {
        "headline": alerts.headline(told.kind, told.facts, mail.lang),
        "details": alerts.details(told.kind, told.facts, mail.lang),
        "since": format_datetime(mail.created_at, mail.lang),
    }
    link = _PLACES.get(told.kind, urls.staff_link)()
    return _message(mail, told.member, link=link, account=urls.staff_account_link(), **values)


def _message(mail: Claimed, member: MailedMember, **values: str) -> Message:
    return Message(
        member.email, {"campaign": f"{urls.site_name(mail.lang)} · {_STAFF.of(mail.lang)}", **values}
    )


def _members(mails: Sequence[Claimed]) -> Mapping[int, MailedMember]:
    """Of the mails whose account is open."""
    query = select(StaffMember.id, StaffMember.email, StaffMember.password, StaffMember.invitation).where(
        StaffMember.active, StaffMember.id.in_({mail.subject_id for mail in mails})
    )
    with reading() as connection:
        members = {row[0]: MailedMember(*row) for row in connection.execute(query)}
    return {mail.id: members[mail.subject_id] for mail in mails if mail.subject_id in members}


def _alerted(mails: Sequence[Claimed]) -> Mapping[int, MailedAlert]:
    members = _members(mails)
    query = select(Alert.id, Alert.kind, Alert.facts).where(Alert.id.in_({mail.seq for mail in mails}))
    with reading() as connection:
        found = {row.id: row for row in connection.execute(query)}
    return {
        mail.id: MailedAlert(members[mail.id], AlertKind(found[mail.seq].kind), found[mail.seq].facts)
        for mail in mails
        if mail.id in members and mail.seq in found
    }
