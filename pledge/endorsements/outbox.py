"""Enqueueing a mail about an endorsement, in the caller's transaction: decisions always, requested mails within the caps."""

from datetime import datetime

from sqlalchemy import Connection, LargeBinary, literal, select
from sqlalchemy.orm import Session

from pledge.abuse import mail_servers
from pledge.core.encryption import vault
from pledge.endorsements.models import Endorsement
from pledge.mail import outbox
from pledge.mail.allowance import SlotRequest, has_confirmed, take_slot
from pledge.mail.models import MailKind
from pledge.mail.outbox import NewMail
from pledge.mail.providers import LARGE_PROVIDERS


def slot_for(
    session: Session, address_hash: bytes, address: str, kind: MailKind, *, may_wait: bool = False
) -> datetime | None:
    """When this address may get this kind of mail: now, later if `may_wait`; None when it may get none."""
    unconfirmed = kind is MailKind.ENDORSE_CONFIRM and not has_confirmed(
        session, Endorsement.__table__, address_hash
    )
    return take_slot(session, SlotRequest(address, kind, unconfirmed), may_wait=may_wait)


def enqueue(
    session: Session,
    row: Endorsement,
    kind: MailKind,
    *,
    lang: str | None = None,
    seq: int | None = None,
    due_at: datetime | None = None,
    proved: bool = False,
) -> None:
    """Enqueue a mail about this endorsement, without checking the caps; in its language unless another is given."""
    known = kind is MailKind.ENDORSE_CONFIRM and has_confirmed(
        session, Endorsement.__table__, row.address_hash
    )
    outbox.enqueue(
        session, NewMail(kind, row.id, lang or row.lang, seq or row.seq, due_at, known=known, proved=proved)
    )


def enqueue_if_allowed(
    session: Session,
    row: Endorsement,
    kind: MailKind,
    *,
    lang: str,
    seq: int | None = None,
    may_wait: bool = False,
    proved: bool = False,
) -> bool:
    """Enqueue a mail that anybody can ask for, if the address may get one; returns whether it is enqueued."""
    due_at = slot_for(session, row.address_hash, row.contact_email, kind, may_wait=may_wait)
    if due_at is None:
        return False
    enqueue(session, row, kind, lang=lang, seq=seq, due_at=due_at, proved=proved)
    return True


def note(address: str) -> None:
    """A mail with a link to confirm is written to this address: look its domain up soon."""
    domain = _domain(address)
    if domain not in LARGE_PROVIDERS:
        mail_servers.note(domain_hash(domain), domain)


def is_scanned(connection: Connection, address: str) -> bool:
    hashed = literal(domain_hash(_domain(address)), LargeBinary)
    return bool(connection.scalar(select(mail_servers.scans(hashed))))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def domain_hash(domain: str) -> bytes:
    return vault().keyed_hash(f"mail domain of an organisation {domain}")
