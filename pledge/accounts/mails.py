"""Mails to staff: the invitation, a notice when something about how a person signs in has changed, and alerts."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.abuse import alerts
from pledge.abuse.models import Alert, AlertKind
from pledge.accounts.models import StaffMember
from pledge.core import tokens, urls
from pledge.core.db import load
from pledge.core.i18n import Phrase, format_datetime
from pledge.core.tokens import Purpose
from pledge.mail.messages import Claimed, Composers, Message, composer
from pledge.mail.models import MailKind
from pledge.mail.outbox import NewMail, enqueue

#: Beside the site's name at the head of every mail, where mails to signers name their campaign.
_STAFF = Phrase("mail", "Staff")

#: Where a kind of alert is looked into; the others: the first page of the staff area.
_PLACES: dict[str, str] = dict.fromkeys((AlertKind.SIGN_UPS_HELD, AlertKind.DOMAIN_HELD), "staff.watch")


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {
        MailKind.STAFF_INVITATION: composer(_members, invitation),
        MailKind.STAFF_NOTICE: composer(_members, notice),
        MailKind.STAFF_ALERT: composer(_alerted, alert),
    }


def enqueue_to(session: Session, person: StaffMember, kind: MailKind, seq: int = 1) -> None:
    """Enqueue a mail of this kind; `seq`: which invitation, or which alert, it is about."""
    enqueue(session, NewMail(kind, person.id, person.lang, seq=seq))


def invitation(mail: Claimed, member: StaffMember) -> Message | None:
    """The invitation; only the newest, while it has not been accepted."""
    if member.password is not None or member.invitation != mail.seq:
        return None
    return _message(mail, member, link=invitation_link(member))


def invitation_link(member: StaffMember) -> str:
    """The link of the newest invitation."""
    token = tokens.mint(Purpose.STAFF_INVITATION, [member.id, member.invitation])
    return urls.public_url("staff.invitation", token=token)


def notice(mail: Claimed, member: StaffMember) -> Message:
    """The notice of what was changed, and when."""
    since = format_datetime(mail.created_at, mail.lang)
    return _message(mail, member, link=urls.public_url("staff.inbox"), since=since)


def alert(mail: Claimed, about: tuple[StaffMember, Alert]) -> Message:
    """What the alert says, since when, and where to look."""
    member, row = about
    values = {
        "headline": alerts.headline(row.kind, row.facts, mail.lang),
        "details": alerts.details(row.kind, row.facts, mail.lang),
        "since": format_datetime(mail.created_at, mail.lang),
    }
    link = urls.public_url(_PLACES.get(row.kind, "staff.inbox"))
    return _message(mail, member, link=link, account=urls.public_url("staff.account"), **values)


def _message(mail: Claimed, member: StaffMember, **values: str) -> Message:
    return Message(
        member.email, {"campaign": f"{urls.site_name(mail.lang)} · {_STAFF.in_language(mail.lang)}", **values}
    )


def _members(mails: Sequence[Claimed]) -> Mapping[int, StaffMember]:
    """Of the mails whose account is open."""
    query = select(StaffMember).where(
        StaffMember.active, StaffMember.id.in_({mail.subject_id for mail in mails})
    )
    members = {member.id: member for member in load(query)}
    return {mail.id: members[mail.subject_id] for mail in mails if mail.subject_id in members}


def _alerted(mails: Sequence[Claimed]) -> Mapping[int, tuple[StaffMember, Alert]]:
    members = _members(mails)
    rows = {row.id: row for row in load(select(Alert).where(Alert.id.in_({mail.seq for mail in mails})))}
    return {
        mail.id: (members[mail.id], rows[mail.seq])
        for mail in mails
        if mail.id in members and mail.seq in rows
    }
