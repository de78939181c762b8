"""What the tests of mail share: enqueued mails, what became of them, and transports that do odd things."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import insert, select

from pledge import clock
from pledge.db import db, transaction
from pledge.mail import services
from pledge.mail.models import MailKind, OutboxMail
from pledge.mail.transports import Transport
from pledge.signatures.models import Signature
from pledge.worker.composers import composers
from tests.support import factories


def enqueue(
    signature: Signature | None = None,
    kind: MailKind = MailKind.CONFIRM,
    lang: str = "ko",
    *,
    seq: int | None = None,
    due_in: timedelta = timedelta(),
    known: bool = True,
) -> int:
    """A mail in the outbox, about a waiting signature unless another is given; its number."""
    signature = signature or factories.signature(state="pending")
    now = clock.now()
    values = {
        "kind": kind,
        "subject_id": signature.id,
        "seq": seq or getattr(signature, "seq", 1),
        "lang": lang,
        "created_at": now,
        "due_at": now + due_in,
        "known": known,
    }
    with transaction() as session:
        return int(session.execute(insert(OutboxMail).values(**values).returning(OutboxMail.id)).scalar_one())


def pending(email: str, **facts: object) -> Signature:
    return factories.signature(state="pending", email=email, **facts)


def fate(mail_id: int) -> OutboxMail:
    """The row as it is now."""
    db.session.rollback()
    row = db.session.scalar(select(OutboxMail).where(OutboxMail.id == mail_id))
    assert row is not None
    db.session.expunge(row)
    return row


def deliver(transport: Transport, **options: object) -> services.Delivered:
    return services.deliver(composers(), transport, **options)


@dataclass
class Notes:
    """A transport that keeps what it is given; `before` and `after` run around each mail."""

    before: Callable[[str], None] = lambda to: None
    after: Callable[[str], None] = lambda to: None
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, to: str, message: bytes) -> None:
        self.before(to)
        self.sent.append((to, message))
        self.after(to)

    def close(self) -> None:
        pass

    @property
    def recipients(self) -> list[str]:
        return [to for to, _ in self.sent]
