"""Enqueueing: one row in the caller's transaction, so a mail and what it is about are stored together or not at all."""

from collections.abc import Sequence
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


def enqueue_thanks(session: Session, signers: Sequence[tuple[int, str]]) -> None:
    """Enqueue the mail with thanks for each of these signatures, given by number and language; none takes a slot."""
    now = clock.now()
    mail = {"kind": MailKind.THANKS, "seq": 1, "known": True, "created_at": now, "due_at": now}
    if signers:
        session.execute(
            insert(OutboxMail), [{**mail, "subject_id": number, "lang": lang} for number, lang in signers]
        )
