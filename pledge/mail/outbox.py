"""Enqueueing: one row in the caller's transaction, so a mail and what it is about are stored together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.mail.models import MailKind, OutboxMail


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


def enqueue(session: Session, *mails: NewMail) -> None:
    """Enqueue these mails in one statement, each due now unless its `due_at` says otherwise. No cap is checked."""
    now = clock.now()
    rows = [{**vars(mail), "created_at": now, "due_at": mail.due_at or now} for mail in mails]
    if rows:
        session.execute(insert(OutboxMail), rows)


def enqueue_thanks(session: Session, signers: Sequence[tuple[int, str]]) -> None:
    """Enqueue the mail with thanks for each of these signatures, given by number and language; none takes a slot."""
    enqueue(session, *[NewMail(MailKind.THANKS, number, lang, known=True) for number, lang in signers])
