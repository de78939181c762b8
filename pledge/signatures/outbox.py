"""Enqueueing mails about signatures, in the caller's transaction and within the caps."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, Row, select, type_coerce, update
from sqlalchemy.orm import Session

from pledge.abuse.signals import Signal, is_among
from pledge.core.encryption import Unreadable, vault
from pledge.mail import allowance, outbox
from pledge.mail.models import MailKind
from pledge.mail.outbox import NewMail
from pledge.mail.suppression import mailbox_hash
from pledge.signatures.models import EMAIL_CONTEXT, Signature

_OTHER = Signature.__table__.alias("o")
#: The address as it is stored: one that no key opens must not be in the way of others.
_FACTS = (
    Signature.id,
    Signature.address_hash,
    type_coerce(Signature.email, LargeBinary).label("sealed_email"),
    Signature.signals,
    allowance.confirmed_once(_OTHER, Signature.address_hash).label("has_confirmed"),
)

#: Of these a mailbox gets few while nobody there has ever confirmed anything. A reminder uses the slots of mails to confirm.
_TO_CONFIRM = (MailKind.CONFIRM, MailKind.REMINDER)

#: The first mail with a code and no link takes a slot of its own: it is asked for from the mailbox, where another one has just arrived.
CODE_SLOT = "code"


@dataclass(frozen=True)
class SignatureMail:
    """A mail about a signature, for now or for the next free slot."""

    kind: MailKind
    signature_id: int
    lang: str
    slot_kind: str = ""  #: whose slots it takes; "": those of its own kind

    @property
    def asks(self) -> bool:
        return self.kind in _TO_CONFIRM


def enqueue_all(session: Session, wanted: Sequence[SignatureMail], *, may_wait: bool) -> int:
    """Enqueue these mails for now, or for the next free slots if they may wait; returns how many are enqueued.

    No two may be to confirm the same signature. One about a signature that is gone is left out.
    """
    facts = _facts(session, {one.signature_id for one in wanted})
    wanted = [one for one in wanted if one.signature_id in facts]
    if not wanted:
        return 0
    slots = allowance.take_slots(
        session, [_slot(one, facts[one.signature_id]) for one in wanted], may_wait=may_wait
    )
    granted = [(one, due_at) for one, due_at in zip(wanted, slots, strict=True) if due_at is not None]
    numbers = _numbers(session, [(one, due_at) for one, due_at in granted if one.kind is MailKind.CONFIRM])
    mails = [
        NewMail(
            *(one.kind, one.signature_id, one.lang),
            seq=numbers[one.signature_id] if one.kind is MailKind.CONFIRM else 1,
            due_at=due_at,
            known=not one.asks or facts[one.signature_id].has_confirmed,
            proved=one.asks and is_among(Signal.PROVED, facts[one.signature_id].signals),
        )
        for one, due_at in granted
        if one.kind is not MailKind.CONFIRM or one.signature_id in numbers
    ]
    outbox.enqueue(session, *mails)
    return len(mails)


def enqueue(
    session: Session,
    kind: MailKind,
    signature_id: int,
    lang: str,
    *,
    may_wait: bool = False,
    slot_kind: str = "",
) -> bool:
    """Enqueue a mail for now, or for the next free slot if `may_wait`; returns whether it is enqueued."""
    return enqueue_all(session, [SignatureMail(kind, signature_id, lang, slot_kind)], may_wait=may_wait) == 1


def _facts(session: Session, ids: Iterable[int]) -> Mapping[int, Row[*tuple[Any, ...]]]:
    rows = session.execute(select(*_FACTS).where(Signature.id.in_(ids)))
    return {row.id: row for row in rows}


def _slot(one: SignatureMail, facts: Row[*tuple[Any, ...]]) -> allowance.SlotRequest:
    hashed = bytes(facts.address_hash)
    return allowance.SlotRequest(
        hashed,
        _mailbox(facts) or hashed,
        one.slot_kind or (MailKind.CONFIRM if one.asks else one.kind),
        unconfirmed=one.asks and not facts.has_confirmed,
    )


def _mailbox(facts: Row[*tuple[Any, ...]]) -> bytes | None:
    """Keyed hash of the mailbox that the mail goes to; None when no key opens the address, and then nothing can be sent."""
    try:
        return mailbox_hash(vault().unseal(bytes(facts.sealed_email), EMAIL_CONTEXT))
    except Unreadable:
        return None


def _numbers(session: Session, granted: Sequence[tuple[SignatureMail, datetime]]) -> dict[int, int]:
    """The numbers of these mails to confirm, which their codes are made from, by signature; without those that are gone."""
    by_due: dict[datetime, list[int]] = defaultdict(list)
    for one, due_at in granted:
        by_due[due_at].append(one.signature_id)
    numbers: dict[int, int] = {}
    for due_at, ids in by_due.items():
        statement = (
            update(Signature)
            .where(Signature.id.in_(ids))
            .values(mails=Signature.mails + 1, code_since=due_at)
            .returning(Signature.id, Signature.mails)
            .execution_options(synchronize_session=False)
        )
        numbers.update((number, mails) for number, mails in session.execute(statement))
    return numbers
