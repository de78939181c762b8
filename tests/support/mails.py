"""What the tests of mail share: enqueued mails, what they say, what became of them, and transports that do odd things."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import Select, delete, insert, select, text

from pledge.abuse import alerts
from pledge.abuse.models import AlertKind
from pledge.accounts import moderation as accounts
from pledge.accounts.mails import enqueue_to
from pledge.accounts.roles import Role
from pledge.audit.models import Actor
from pledge.core import clock, urls
from pledge.core.db import db, load, transaction
from pledge.endorsements import handover
from pledge.endorsements.models import ContactChange, Endorsement
from pledge.mail import contact, outbox, services
from pledge.mail.addresses import parse
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.mail.outbox import NewMail
from pledge.mail.transports import Transport
from pledge.news import sending
from pledge.news import services as news_services
from pledge.news.models import NewsItem
from pledge.signatures import moderation as signatures
from pledge.signatures.models import Signature
from pledge.worker.registry import composers
from tests.support import factories, news, rows
from tests.support.smtp import part, read


def enqueue(
    subject: Signature | Endorsement | None = None,
    kind: MailKind = MailKind.CONFIRM,
    lang: str = "ko",
    *,
    seq: int | None = None,
    due_in: timedelta = timedelta(),
    known: bool = True,
    proved: bool = False,
) -> int:
    """A mail in the outbox, about a waiting signature unless another subject is given; its number."""
    subject = subject or factories.signature(state="pending")
    now = clock.now()
    values = {
        "kind": kind,
        "subject_id": subject.id,
        "seq": seq or getattr(subject, "seq", 1),
        "lang": lang,
        "created_at": now,
        "due_at": now + due_in,
        "known": known,
        "proved": proved,
    }
    with transaction() as session:
        return int(session.execute(insert(OutboxMail).values(**values).returning(OutboxMail.id)).scalar_one())


def store(subjects: Iterable[int], at: datetime | None = None, **facts: Any) -> None:
    """Mails to confirm to strangers, enqueued at that moment and sent then if that is their state; `facts` say what differs."""
    at = at or clock.now()
    sent_at = at if facts.get("state") == MailState.SENT else None
    values = {"kind": MailKind.CONFIRM, "seq": 1, "lang": "ko", "created_at": at, "due_at": at}
    rows = [{**values, "sent_at": sent_at, **facts, "subject_id": subject} for subject in subjects]
    with transaction() as session:
        session.execute(insert(OutboxMail), rows)


#: Each kind of mail about an endorsement, and a state in which it is true.
TRUE_OF_ENDORSEMENTS = {
    MailKind.ENDORSE_CONFIRM: "pending",
    MailKind.ENDORSE_ALREADY: "review",
    MailKind.ENDORSE_MANAGE: "published",
    MailKind.ENDORSE_PUBLISHED: "published",
    MailKind.ENDORSE_PROMISE: "published",
    MailKind.ENDORSE_CHANGES: "changes",
    MailKind.ENDORSE_DECLINED: "declined",
}
#: Likewise about a signature.
TRUE_OF_SIGNATURES = {
    MailKind.CONFIRM: "pending",
    MailKind.REMINDER: "pending",
    MailKind.THANKS: "confirmed",
    MailKind.HELD: "held",
    MailKind.ALREADY: "confirmed",
    MailKind.MANAGE: "confirmed",
    MailKind.INVALIDATED: "invalidated",
    MailKind.WITHDRAWN: "withdrawn",
    MailKind.WITHDRAWN_SELF: "withdrawn",
    MailKind.UNSUBSCRIBED: "confirmed",
}


def enqueue_true(kind: MailKind, lang: str = "ko", **facts: Any) -> str:
    """Enqueue the one mail of a kind, with all that makes it true now; the address that it goes to.

    `facts` are those of the signature or endorsement. A kind that is not known here fails, so a new one is added.
    """
    if kind in TRUE_OF_SIGNATURES:
        signature = factories.signature(state=TRUE_OF_SIGNATURES[kind], **facts)
        enqueue(signature, kind, lang)
        return signature.email
    if kind in TRUE_OF_ENDORSEMENTS:
        facts = {"decision_reason": "Please", **facts}
        endorsement = factories.endorsement(state=TRUE_OF_ENDORSEMENTS[kind], **facts)
        enqueue(endorsement, kind, lang)
        return endorsement.contact_email
    return _OTHERS[kind](lang, **facts)


def _new_contact(lang: str, **facts: Any) -> str:
    ask_to_take_over(factories.endorsement(**facts), lang=lang)
    return "sea@haneul.co.kr"


def _former_contact(lang: str, **facts: Any) -> str:
    endorsement = factories.endorsement(lang=lang, **facts)
    address = endorsement.contact_email
    change = ask_to_take_over(endorsement)
    with transaction() as session:
        session.execute(delete(OutboxMail).where(OutboxMail.subject_id == endorsement.id))
    handover.accept(endorsement.id, change.contact_number, "2026-11-25")
    return address


def ask_to_take_over(
    endorsement: Endorsement, email: str = "sea@haneul.co.kr", lang: str = "ko"
) -> ContactChange:
    """Zebediah Quux is to speak for this organisation: the change, and the mail about it in the outbox."""
    token = factories.endorse_manage_token(endorsement)
    handover.ask(token, name="Zebediah", title="Quux", mailbox=parse(email), lang=lang)
    return rows.row(ContactChange, endorsement.id)


def _news(lang: str, **facts: Any) -> str:
    signature = factories.signature(**{"updates": True, "lang": lang, **facts})
    news.begun()
    assert sending.advance(1000)
    return signature.email


def _news_test(lang: str) -> str:
    """One in each language; of them this one stays."""
    person = factories.staff(lang=lang)
    number = news.draft()
    news_services.send_test(Actor(person.id, person.email, "192.0.2.1"), factories.SLUG, number)
    with transaction() as session:
        of_test = OutboxMail.kind == MailKind.NEWS_TEST
        session.execute(
            delete(OutboxMail).where(of_test, OutboxMail.subject_id == person.id, OutboxMail.lang != lang)
        )
    return person.email


def _news_announced(lang: str) -> str:
    person, number = factories.staff("viewer", lang=lang), news.proposed()
    with transaction() as session:
        session.get_one(NewsItem, number).due_at = clock.now() + news_services.DELAY
        outbox.enqueue(session, NewMail(MailKind.NEWS_ANNOUNCED, person.id, lang, seq=number))
    return person.email


def _erasure(lang: str, **facts: Any) -> str:
    signature = factories.signature(lang=lang, **facts)
    signatures.plan_erasure(factories.ANNA, signature.id, "asked by telephone")
    return signature.email


def _invitation(lang: str) -> str:
    address = f"new-{lang}@example.org"
    accounts.invite(factories.ANNA, address, [Role.ADMIN], lang)
    return address


def _notice(lang: str) -> str:
    person = factories.staff(lang=lang)
    with transaction() as session:
        enqueue_to(session, person, MailKind.STAFF_NOTICE)
    return person.email


def _alert(lang: str) -> str:
    person = factories.staff(lang=lang)
    with transaction() as session:
        # About each language once: the same thing is not said again in the kind's time of quiet.
        row = alerts.record(session, AlertKind.VALVE_CLOSED, lang, {})
        enqueue_to(session, person, MailKind.STAFF_ALERT, row.id)
    return person.email


def _contact(lang: str) -> str:
    contact.write(contact.ContactMessage("Ana", "ana@example.org", "The button does nothing."), lang)
    return urls.contact()


_OTHERS: dict[MailKind, Callable[..., str]] = {
    MailKind.ENDORSE_CONTACT: _new_contact,
    MailKind.ENDORSE_HANDOVER: _former_contact,
    MailKind.NEWS: _news,
    MailKind.NEWS_TEST: _news_test,
    MailKind.NEWS_ANNOUNCED: _news_announced,
    MailKind.ERASURE: _erasure,
    MailKind.CONTACT: _contact,
    MailKind.STAFF_INVITATION: _invitation,
    MailKind.STAFF_NOTICE: _notice,
    MailKind.STAFF_ALERT: _alert,
}


def pending(email: str, **facts: object) -> Signature:
    return factories.signature(state="pending", email=email, **facts)


def fate(mail_id: int) -> OutboxMail:
    """The row as it is now."""
    (row,) = load(select(OutboxMail).where(OutboxMail.id == mail_id))
    return row


def plan(query: Select[Any]) -> str:
    """How the database reads the outbox for a query, by an index wherever it can."""
    is_postgresql = db.engine.dialect.name == "postgresql"
    with transaction() as session:
        session.execute(text("ANALYZE outbox_mails"))
        if is_postgresql:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        sql = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        rows = session.execute(text(f"EXPLAIN {'' if is_postgresql else 'QUERY PLAN'} {sql}"))
        return "\n".join(str(row) for row in rows)


def deliver(transport: Transport, **options: object) -> services.SendingResult:
    return services.deliver(composers(), transport, **options)


@dataclass
class Notes:
    """A transport that keeps what it is given; `before` and `after` run around each mail."""

    before: Callable[[str], None] = lambda to: None
    after: Callable[[str], None] = lambda to: None
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, to: str, message: bytes, return_path: str = "") -> None:
        self.before(to)
        self.sent.append((to, message))
        self.after(to)

    def close(self) -> None:
        pass

    @property
    def recipients(self) -> list[str]:
        return [to for to, _ in self.sent]

    @property
    def mails(self) -> list[EmailMessage]:
        return [read(content) for _, content in self.sent]


def deliver_all(transport: Transport) -> None:
    """Deliver until nothing is due; fails rather than going on for ever."""
    for _ in range(1000):
        if not deliver(transport).total:
            return
    raise AssertionError("mails are due again and again")


def delivered() -> list[tuple[str, EmailMessage]]:
    """Everything that goes out now: to whom, and the mail."""
    notes = Notes()
    deliver_all(notes)
    return list(zip(notes.recipients, notes.mails, strict=True))


def full_text(mail: EmailMessage) -> str:
    """Subject and both bodies."""
    return "\n".join([str(mail["Subject"]), part(mail, "plain"), part(mail, "html")])


#: A link in a text or in HTML.
LINK = re.compile(r"https?://[^\s\"'<>]+")
