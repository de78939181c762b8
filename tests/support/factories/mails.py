"""Mails that were sent, and requests that are answered."""

from sqlalchemy import insert

from pledge.abuse.models import MailServer
from pledge.core import clock
from pledge.core.db import transaction
from pledge.endorsements import outbox as endorsement_mail_servers
from pledge.mail import requests
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures import origins
from pledge.signatures.models import Signature
from pledge.worker.registry import handlers


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


def scanned(domain: str = "ministry.example.org", slug: str = "blue-skies") -> dict[str, bytes]:
    """The mail server of this domain belongs to a scanner, as was looked up; the facts of a signature to it."""
    of_people, of_organizations = (
        origins.domain_hash(slug, domain),
        endorsement_mail_servers.domain_hash(domain),
    )
    with transaction() as session:
        for hashed in (of_people, of_organizations):
            session.merge(MailServer(domain_hash=hashed, scans=True, checked_at=clock.now()))
    return {"domain_hash": of_people}
