"""Mails that were sent, and requests that are answered."""

from sqlalchemy import insert

from pledge.core import clock
from pledge.core.db import transaction
from pledge.mail import requests
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures.models import Signature
from pledge.worker.composers import handlers


def mailed(of: Signature) -> Signature:
    """A submission whose first mail to confirm has been sent; the code of it works."""
    now = clock.now()
    mail = {
        "kind": MailKind.CONFIRM,
        "subject_id": of.id,
        "seq": 1,
        "lang": "ko",
        "state": "sent",
        "attempts": 1,
    }
    with transaction() as session:
        session.execute(insert(OutboxMail).values(**mail, created_at=now, due_at=now, sent_at=now))
    return of


def answer_requests() -> None:
    """What the worker does about the forms that people have sent: decide which mails follow."""
    while requests.answer(handlers()):
        pass
