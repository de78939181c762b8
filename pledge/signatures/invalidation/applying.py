"""Carrying out what was decided about bulk acts, in batches: each is one transaction that can be repeated.

A killed worker leaves whole batches. The next one goes on with what is left: the targets still listed, or, in an undoing,
the signatures that still carry the act's number. No lock is held longer than one batch takes, so people go on
withdrawing and erasing meanwhile; what they did first counts.
"""

from typing import Any

from sqlalchemy import case, delete, exists, select, update
from sqlalchemy.orm import Session, load_only

from pledge.abuse.models import HoldReason
from pledge.audit.models import WORKER
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import fetch, transaction
from pledge.ledger.models import Reason
from pledge.mail import outbox
from pledge.mail.models import MailKind
from pledge.signatures.entries import append_moves
from pledge.signatures.invalidation.models import (
    Invalidation,
    InvalidationAct,
    InvalidationState,
    InvalidationTarget,
)
from pledge.signatures.invalidation.services import AUDITED, CONCERNED
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.outbox import SignatureMail, enqueue_all
from pledge.signatures.queries import lock

BATCH = 500

#: The states in which the worker has something to do.
_AT_WORK = (InvalidationState.APPLYING, InvalidationState.UNDOING)
#: SQL: a decided act waits to be done.
ANY_AT_WORK = exists().where(Invalidation.state.in_(_AT_WORK))
_ANY_AT_WORK = select(ANY_AT_WORK)

#: What is read of a moved signature: nothing that would be decrypted.
_MOVED = load_only(
    *(Signature.campaign_id, Signature.country, Signature.region),
    *(Signature.entry_country, Signature.entry_region, Signature.pledge_text_id, Signature.commitment),
    *(Signature.lang, Signature.state, Signature.hold_reason),
    raiseload=True,
)


def advance(limit: int = BATCH) -> bool:
    """Do the next batch of the oldest decided act. False when there is nothing to do, or another worker is doing it."""
    if not fetch(_ANY_AT_WORK).scalar_one():
        return False
    with transaction() as session:
        row = session.scalar(
            select(Invalidation)
            .where(Invalidation.state.in_(_AT_WORK))
            .order_by(Invalidation.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return False
        if row.state == InvalidationState.APPLYING:
            _apply(session, row, limit)
        else:
            _undo(session, row, limit)
        return True


def _apply(session: Session, row: Invalidation, limit: int) -> None:
    """Do it to the next targets; those that have changed since they were counted stay as they are."""
    targets = session.execute(
        select(InvalidationTarget.signature_id)
        .where(InvalidationTarget.invalidation_id == row.id)
        .order_by(InvalidationTarget.signature_id)
        .limit(limit)
    ).all()
    if not targets:
        row.state, row.applied_at = InvalidationState.APPLIED, clock.now()
        _record_end(session, row, "applied", row.applied)
        return
    done, act = [target.signature_id for target in targets], InvalidationAct(row.act)
    lock(session, done)
    moved = session.scalars(
        update(Signature)
        .where(Signature.id.in_(done), *CONCERNED[act])
        .values(_changes(row))
        .returning(Signature)
        .options(_MOVED)
    ).all()
    if act is InvalidationAct.INVALIDATE:
        counted = [signature for signature in moved if signature.hold_reason is None]
        append_moves(session, counted, Reason.REMOVED)
        # The fold asks for the mails to those who were counted.
        if held := [signature for signature in moved if signature.hold_reason is not None]:
            mails = [SignatureMail(MailKind.INVALIDATED, person.id, person.lang) for person in held]
            enqueue_all(session, mails, may_wait=False)
    if act is InvalidationAct.RELEASE:
        released = [signature for signature in moved if signature.state == SignatureState.CONFIRMED]
        append_moves(session, released, Reason.CONFIRMED)
        outbox.enqueue_thanks(session, [(signature.id, signature.lang) for signature in released])
    row.applied += len(moved)
    session.execute(
        delete(InvalidationTarget).where(
            InvalidationTarget.invalidation_id == row.id, InvalidationTarget.signature_id.in_(done)
        )
    )


def _undo(session: Session, row: Invalidation, limit: int) -> None:
    """Put the next signatures back to what they were; those that were erased meanwhile are skipped."""
    was_held = Signature.hold_reason.is_not(None)  # it is kept when they are taken out
    mine = select(Signature.id).where(Signature.invalidation_id == row.id).order_by(Signature.id).limit(limit)
    moved = session.scalars(
        update(Signature)
        .where(Signature.id.in_(mine), Signature.state == SignatureState.INVALIDATED)
        .values(
            state=case((was_held, SignatureState.HELD.value), else_=SignatureState.CONFIRMED.value),
            invalidation_id=None,
        )
        .returning(Signature)
        .options(_MOVED)
    ).all()
    if not moved:
        row.state = InvalidationState.UNDONE
        _record_end(session, row, "undone", row.reinstated)
        return
    counted = [signature for signature in moved if signature.state == SignatureState.CONFIRMED]
    append_moves(session, counted, Reason.REINSTATED)
    row.reinstated += len(moved)


def _changes(row: Invalidation) -> dict[str, Any]:
    """What an act makes of a signature."""
    if row.act == InvalidationAct.HOLD:
        return {"hold_reason": HoldReason.STAFF}
    if row.act == InvalidationAct.RELEASE:
        is_held = Signature.state == SignatureState.HELD
        state = case((is_held, SignatureState.CONFIRMED.value), else_=SignatureState.PENDING.value)
        return {"state": state, "hold_reason": None, "cleared": ~is_held | Signature.cleared}
    return {"state": SignatureState.INVALIDATED, "invalidation_id": row.id}


def _record_end(session: Session, row: Invalidation, action: str, signatures: int) -> None:
    name = f"{AUDITED[row.act]}.{action}"
    record(session, WORKER, name, f"invalidation:{row.id}", reason=row.note, signatures=signatures)
