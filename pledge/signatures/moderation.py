"""What staff may do about one person's signature: find it, mail the link again, hide a name, release one that is held or clear
one that would be, and at the person's request withdraw, erase or stop the news, of which the person is told by mail.

No address and no name goes into the audit log: it says which signature, by its random number.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record, required_reason
from pledge.core.db import transaction
from pledge.ledger.models import Reason
from pledge.mail import outbox
from pledge.mail.addresses import Address, address_hash
from pledge.mail.models import MailKind
from pledge.signatures.entries import append_moves
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.outbox import enqueue
from pledge.signatures.services import enqueue_notice, erase_person, withdraw_row

#: What is mailed again, by the state of the signature.
_MAIL = {
    SignatureState.PENDING: MailKind.CONFIRM,
    SignatureState.CONFIRMED: MailKind.MANAGE,
    SignatureState.HELD: MailKind.MANAGE,
    SignatureState.WITHDRAWN: MailKind.MANAGE,
    SignatureState.INVALIDATED: MailKind.INVALIDATED,
}


class NoSuchSignature(LookupError):
    """There is no such signature, or no longer."""


class NotCounted(Exception):
    """Only a confirmed signature can be withdrawn."""


class NotHeld(Exception):
    """Only a held signature can be released."""


class NotToBeHeld(Exception):
    """Only one that waits, and would be held, can be cleared."""


class NotSubscribed(Exception):
    """They receive no news."""


class NoMailAllowed(Exception):
    """The address has had all the mails that it may get now, or is blocked by its owner."""


def look_up(actor: Actor, address: Address) -> list[int]:
    """The signatures of exactly this address in all campaigns, pending ones too; the look-up is recorded."""
    with transaction() as session:
        found = select(Signature.id).where(Signature.address_hash == address_hash(address))
        ids = list(session.scalars(found.order_by(Signature.submitted_at)))
        for signature_id in ids:
            record(session, actor, "signature.look_up", f"signature:{signature_id}")
        if not ids:
            record(session, actor, "signature.look_up", "signature:none")
        return ids


def resend(actor: Actor, signature_id: int) -> MailKind:
    """Enqueue the mail for the signature's state, within the caps; returns which one. Raises NoSuchSignature, NoMailAllowed."""
    with transaction() as session:
        row = _row(session, signature_id)
        kind = _MAIL[SignatureState(row.state)]
        if not enqueue(session, kind, row.id, row.lang):
            raise NoMailAllowed
        record(session, actor, "signature.resend", f"signature:{row.id}", kind=kind.value)
        return kind


def withdraw(actor: Actor, signature_id: int, why: str) -> None:
    """Withdraw for a person who asked for it: -1 in the ledger if it was counted. Raises NoSuchSignature, NoReason, NotCounted."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        if not withdraw_row(session, row):
            raise NotCounted
        enqueue(session, MailKind.WITHDRAWN, row.id, row.lang, may_wait=True)
        record(session, actor, "signature.withdraw", f"signature:{row.id}", reason=why)


def release(actor: Actor, signature_id: int, why: str) -> None:
    """Count one that is held, and thank the person. Raises NoSuchSignature, NoReason, NotHeld."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        if row.state != SignatureState.HELD:
            raise NotHeld
        row.state, row.hold_reason = SignatureState.CONFIRMED, None
        append_moves(session, [row], Reason.CONFIRMED)
        outbox.enqueue_thanks(session, [(row.id, row.lang)])
        record(session, actor, "signature.release", f"signature:{row.id}", reason=why)


def clear(actor: Actor, signature_id: int, why: str) -> None:
    """Have one that waits, and would be held, counted when it is confirmed. Raises NoSuchSignature, NoReason, NotToBeHeld."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        if row.state != SignatureState.PENDING or row.hold_reason is None:
            raise NotToBeHeld
        row.hold_reason, row.cleared = None, True
        record(session, actor, "signature.clear", f"signature:{row.id}", reason=why)


def erase(actor: Actor, signature_id: int, why: str) -> None:
    """Delete everything of a person in a campaign who asked for it, for good. Raises NoSuchSignature, NoReason."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        enqueue_notice(session, row)
        erase_person(session, row)
        record(session, actor, "signature.erase", f"signature:{signature_id}", reason=why)


def stop_news(actor: Actor, signature_id: int, why: str) -> None:
    """Send no more news to a person who asked for that; the signature stays. Raises NoSuchSignature, NoReason, NotSubscribed."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        if not row.updates:
            raise NotSubscribed
        row.updates = False
        enqueue(session, MailKind.UNSUBSCRIBED, row.id, row.lang, may_wait=True)
        record(session, actor, "signature.stop_news", f"signature:{row.id}", reason=why)


def hide_name(actor: Actor, signature_id: int, why: str) -> None:
    """Take a name off the campaign's page, for good: its owner cannot show it again. Raises NoSuchSignature, NoReason."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        row.public_name, row.name_hidden = False, True
        record(session, actor, "signature.hide_name", f"signature:{row.id}", reason=why)


def allow_name(actor: Actor, signature_id: int, why: str) -> None:
    """Let the owner of a hidden name show it again, if they still want to. Raises NoSuchSignature, NoReason."""
    why = required_reason(why)
    with transaction() as session:
        row = _row(session, signature_id)
        row.name_hidden = False
        record(session, actor, "signature.allow_name", f"signature:{row.id}", reason=why)


def _row(session: Session, signature_id: int) -> Signature:
    row = session.scalar(select(Signature).where(Signature.id == signature_id).with_for_update())
    if row is None:
        raise NoSuchSignature
    return row
