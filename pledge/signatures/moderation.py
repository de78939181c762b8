"""What staff may do about one person's signature: find it, mail the link again, hide a name, release one that is held or clear
one that would be, and at the person's request withdraw, erase or stop the news, of which the person is told by mail.

Erasing cannot be taken back, so it waits for a day, in which the person can stop it by the link of that mail.

No address and no name goes into the audit log: it says which signature, by its random number.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from pledge.accounts.two_people import WrongState
from pledge.audit.models import Actor
from pledge.audit.services import record, required_reason
from pledge.core import clock
from pledge.core.db import transaction
from pledge.ledger.models import Reason
from pledge.mail import outbox
from pledge.mail.addresses import Address, address_hash
from pledge.mail.models import MailKind
from pledge.mail.outbox import NewMail
from pledge.signatures.entries import append_moves
from pledge.signatures.invalidation.models import InvalidationTarget
from pledge.signatures.models import ERASURE_DELAY, SETTLED, Signature, SignatureState
from pledge.signatures.outbox import enqueue
from pledge.signatures.queries import MAIL_AGAIN, lock_person
from pledge.signatures.services import end_erasure, withdraw_row


class NoSuchSignature(LookupError):
    """There is no such signature, or no longer."""


class NoMailAllowed(Exception):
    """The address has had all the mails that it may get now, or is blocked by its owner."""


def look_up(actor: Actor, address: Address) -> list[int]:
    """The signatures of exactly this address in all campaigns, counted ones before pending ones; the look-up is recorded."""
    with transaction() as session:
        by_address = select(Signature.id).where(Signature.address_hash == address_hash(address))
        ids = list(
            session.scalars(by_address.order_by(text(f"NOT ({SETTLED})"), Signature.submitted_at.desc()))
        )
        for signature_id in ids:
            record(session, actor, "signature.look_up", f"signature:{signature_id}")
        if not ids:
            record(session, actor, "signature.look_up", "signature:none")
        return ids


def resend(actor: Actor, signature_id: int) -> MailKind:
    """Enqueue the mail for the signature's state, within the caps; returns which one. Raises NoSuchSignature, NoMailAllowed."""
    with transaction() as session:
        row = _row(session, signature_id)
        kind = MAIL_AGAIN[SignatureState(row.state)]
        if not enqueue(session, kind, row.id, row.lang):
            raise NoMailAllowed
        record(session, actor, "signature.resend", f"signature:{row.id}", kind=kind.value)
        return kind


def withdraw(actor: Actor, signature_id: int, why: str) -> None:
    """Withdraw at the person's request; -1 in the ledger if it was counted. Raises NoSuchSignature, NoReason, WrongState."""
    with _recorded(actor, "withdraw", signature_id, why) as (session, row):
        if not withdraw_row(session, row, MailKind.WITHDRAWN):
            raise WrongState


def release(actor: Actor, signature_id: int, why: str) -> None:
    """Count one that is held, and thank the person; an open act leaves it out. Raises NoSuchSignature, NoReason, WrongState."""
    with _recorded(actor, "release", signature_id, why) as (session, row):
        if row.state != SignatureState.HELD:
            raise WrongState
        row.state, row.hold_reason = SignatureState.CONFIRMED, None
        session.execute(delete(InvalidationTarget).where(InvalidationTarget.signature_id == row.id))
        append_moves(session, [row], Reason.CONFIRMED)
        outbox.enqueue_thanks(session, [(row.id, row.lang)])


def clear(actor: Actor, signature_id: int, why: str) -> None:
    """Have one that waits, and would be held, counted when it is confirmed. Raises NoSuchSignature, NoReason, WrongState."""
    with _recorded(actor, "clear", signature_id, why) as (_, row):
        if row.state != SignatureState.PENDING or row.hold_reason is None:
            raise WrongState
        row.hold_reason, row.cleared = None, True


def plan_erasure(actor: Actor, signature_id: int, why: str) -> None:
    """Have everything of a person in a campaign who asked for it erased in a day (services.erase_due). Planned before, it
    changes nothing. Raises NoSuchSignature, NoReason.
    """
    why = required_reason(why)
    with transaction() as session:
        rows = {row.id: row for row in lock_person(session, signature_id)}
        if signature_id not in rows:
            raise NoSuchSignature
        if rows[signature_id].erase_at is not None:
            return
        for row in rows.values():
            row.erase_at = clock.now() + ERASURE_DELAY
        # Above the caps: whoever has had many mails must hear of this one too.
        mail = NewMail(MailKind.ERASURE, signature_id, rows[signature_id].lang, known=True)
        outbox.enqueue(session, mail)
        record(session, actor, "signature.plan_erasure", f"signature:{signature_id}", reason=why)


def stop_erasure(actor: Actor, signature_id: int) -> None:
    """Erase nothing after all; nothing planned, it changes nothing. Raises NoSuchSignature."""
    with transaction() as session:
        rows = lock_person(session, signature_id)
        if not rows:
            raise NoSuchSignature
        end_erasure(session, rows, actor)


def stop_news(actor: Actor, signature_id: int, why: str) -> None:
    """Send no more news to a person who asked for that; the signature stays. Raises NoSuchSignature, NoReason, WrongState."""
    with _recorded(actor, "stop_news", signature_id, why) as (session, row):
        if not row.updates or row.state == SignatureState.ADDRESS_ONLY:
            raise WrongState
        row.updates = False
        enqueue(session, MailKind.UNSUBSCRIBED, row.id, row.lang, may_wait=True)


def hide_name(actor: Actor, signature_id: int, why: str) -> None:
    """Take a name off the campaign's page, for good: its owner cannot show it again. Raises NoSuchSignature, NoReason."""
    with _recorded(actor, "hide_name", signature_id, why) as (_, row):
        row.public_name, row.name_hidden = False, True


def allow_name(actor: Actor, signature_id: int, why: str) -> None:
    """Let the owner of a hidden name show it again, if they still want to. Raises NoSuchSignature, NoReason."""
    with _recorded(actor, "allow_name", signature_id, why) as (_, row):
        row.name_hidden = False


@contextmanager
def _recorded(actor: Actor, act: str, signature_id: int, why: str) -> Iterator[tuple[Session, Signature]]:
    """The signature, locked until the act is done and in the audit log. Raises NoSuchSignature, NoReason."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        yield session, row
        record(session, actor, f"signature.{act}", f"signature:{signature_id}", reason=why)


def _row(session: Session, signature_id: int) -> Signature:
    row = session.scalar(select(Signature).where(Signature.id == signature_id).with_for_update())
    if row is None:
        raise NoSuchSignature
    return row
