"""Enqueueing: one row in the caller's transaction, so a mail and what it is about are stored together or not at all."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.mail.models import MailKind, OutboxMail


def enqueue(
    session: Session,
    kind: MailKind,
    subject_id: int,
    lang: str,
    *,
    seq: int = 1,
    due_at: datetime | None = None,
    known: bool = False,
    proved: bool = False,
) -> None:
    """Enqueue a mail, due now unless `due_at` says otherwise. No cap is checked. For the arguments see OutboxMail."""
    now = clock.now()
    values = {
        "kind": kind,
        "subject_id": subject_id,
        "seq": seq,
        "lang": lang,
        "known": known,
        "proved": proved,
    }
    session.execute(insert(OutboxMail).values(**values, created_at=now, due_at=due_at or now))
