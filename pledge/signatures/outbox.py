"""Enqueueing a mail about a signature, in the caller's transaction and within the caps."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pledge.abuse.signals import Signal, is_among
from pledge.core.encryption import Unreadable
from pledge.mail import outbox
from pledge.mail.allowance import has_confirmed, take_slot
from pledge.mail.models import MailKind
from pledge.mail.suppression import mailbox_hash
from pledge.signatures.models import Signature

_ADDRESS = select(Signature.email)

#: The first mail with a code and no link takes a slot of its own: it is asked for from the mailbox, where another one has just arrived.
CODE_SLOT = "code"


def enqueue(
    session: Session,
    kind: MailKind,
    signature_id: int,
    address_hash: bytes,
    lang: str,
    *,
    may_wait: bool = False,
    slot: str = "",
) -> bool:
    """Enqueue a mail for now, or for the next free slot if `may_wait`; returns whether it is enqueued.

    A reminder uses the slots of mails to confirm. `slot` names others than those of the kind.
    """
    asks = kind in (MailKind.CONFIRM, MailKind.REMINDER)
    known = not asks or has_confirmed(session, Signature.__table__, address_hash)
    due_at = take_slot(
        session,
        address_hash,
        _mailbox(session, signature_id) or address_hash,
        slot or (MailKind.CONFIRM if asks else kind),
        may_wait=may_wait,
        unconfirmed=not known,
    )
    if due_at is None:
        return False
    seq = _number(session, signature_id, due_at) if kind is MailKind.CONFIRM else 1
    proved = asks and _is_proved(session, signature_id)
    outbox.enqueue(session, kind, signature_id, lang, seq=seq, due_at=due_at, known=known, proved=proved)
    return True


def _mailbox(session: Session, signature_id: int) -> bytes | None:
    """Keyed hash of the mailbox that the mail goes to; None when no key opens the address, and then nothing can be sent."""
    try:
        address = session.scalar(_ADDRESS.where(Signature.id == signature_id))
    except Unreadable:
        return None
    return None if address is None else mailbox_hash(address)


def _is_proved(session: Session, signature_id: int) -> bool:
    """Whether this was signed with proof of work."""
    return is_among(
        Signal.PROVED, session.scalar(select(Signature.signals).where(Signature.id == signature_id))
    )


def _number(session: Session, signature_id: int, due_at: datetime) -> int:
    """The number of this mail to confirm, which its code is made from."""
    statement = (
        update(Signature)
        .where(Signature.id == signature_id)
        .values(mails=Signature.mails + 1, code_since=due_at)
        .returning(Signature.mails)
        .execution_options(synchronize_session=False)
    )
    return int(session.execute(statement).scalar_one())
