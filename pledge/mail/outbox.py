"""The outbox: mails are enqueued in the caller's transaction, so a mail and what it is about are stored together or not at all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, or_, update
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import transaction
from pledge.mail.models import MailKind, MailState, OutboxMail


@dataclass(frozen=True)
class NewMail:
    """A mail to enqueue; for the fields see OutboxMail."""

    kind: MailKind
    subject_id: int
    lang: str
    seq: int = 1
    due_at: datetime | None = None  #: None: now
    known: bool = False
    proved: bool = False


def waits() -> ColumnElement[bool]:
    """SQL: the mail is enqueued, and no worker has it."""
    free = or_(OutboxMail.lease_until.is_(None), OutboxMail.lease_until <= clock.now())
    return and_(OutboxMail.state == MailState.QUEUED, free)


def enqueue(session: Session, *mails: NewMail) -> None:
    """Enqueue these mails in one statement, each due now unless its `due_at` says otherwise. No cap is checked."""
    now = clock.now()
    rows = [{**vars(mail), "created_at": now, "due_at": mail.due_at or now} for mail in mails]
    if rows:
        session.execute(insert(OutboxMail), rows)


def take_over(session: Session, mail_ids: Collection[int]) -> datetime | None:
    """Drop these mails, as far as none is being sent, so that another one goes out in their place; when the first would have.

    None when there is none to drop.
    """
    statement = (
        update(OutboxMail)
        .where(OutboxMail.id.in_(mail_ids), waits())
        .values(state=MailState.DROPPED)
        .returning(OutboxMail.due_at)
    )
    return min(session.scalars(statement).all(), default=None) if mail_ids else None


def enqueue_thanks(session: Session, signers: Sequence[tuple[int, str]]) -> None:
    """Enqueue the mail with thanks for each of these signatures, given by number and language; none takes a slot."""
    enqueue(session, *[NewMail(MailKind.THANKS, number, lang, known=True) for number, lang in signers])


def retry(actor: Actor, mail_id: int | None) -> int:
    """Queue one dead letter again, or all of them (None); how many there were.

    One that is older than 72 hours gets one more attempt.
    """
    statement = (
        update(OutboxMail)
        .where(OutboxMail.state == MailState.DEAD)
        .values(
            {"state": MailState.QUEUED.value, "attempts": 0, "due_at": clock.now(), "lease_until": None}
            | {"returned": None, "returned_status": None}
        )
    )
    if mail_id is not None:
        statement = statement.where(OutboxMail.id == mail_id)
    with transaction() as session:
        count = len(session.execute(statement.returning(OutboxMail.id)).all())
        if count:
            record(
                session, actor, "mail.retry", "mail" if mail_id is None else f"mail:{mail_id}", mails=count
            )
    return count
