"""Carrying out what was decided about invalidations, in batches: each is one transaction that can be repeated.

A killed worker leaves whole batches. The next one goes on with what is left: the targets still listed, or, in an undoing,
the signatures that still carry the invalidation's number. No lock is held longer than one batch takes, so people go on
withdrawing and erasing meanwhile; what they did first counts.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.orm import Session

from pledge.audit.models import WORKER
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.ledger.services import PlaceMove, append_places, hour_of
from pledge.mail.models import MailKind
from pledge.signatures.invalidation.models import Invalidation, InvalidationState, InvalidationTarget
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.outbox import enqueue
from pledge.signatures.places import current_place, entry_place

BATCH = 500

#: The states in which the worker has something to do.

_AT_WORK = (InvalidationState.APPLYING, InvalidationState.UNDOING)

_MOVED = (
    *(Signature.id, Signature.campaign_id, Signature.country, Signature.region),
    *(Signature.entry_country, Signature.entry_region, Signature.pledge_text_id, Signature.commitment),
)

Moved = Sequence[Any]  #: rows of these columns


def advance(limit: int = BATCH) -> bool:
    """Do the next batch of the oldest decided invalidation. False when there is nothing to do, or another worker is doing it."""
    with reading() as connection:
        if not connection.execute(select(exists().where(Invalidation.state.in_(_AT_WORK)))).scalar_one():
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
    """Take the next targets out of the count; those that have changed since they were counted stay as they are."""
    targets = session.execute(
        select(InvalidationTarget.signature_id)
        .where(InvalidationTarget.invalidation_id == row.id)
        .order_by(InvalidationTarget.signature_id)
        .limit(limit)
    ).all()
    if not targets:
        row.state, row.applied_at = InvalidationState.APPLIED, clock.now()
        _record_end(session, row, "invalidation.applied", row.applied)
        return
    moved = session.execute(
        update(Signature)
        .where(
            Signature.id.in_([target.signature_id for target in targets]),
            Signature.state == SignatureState.CONFIRMED,
        )
        .values(state=SignatureState.INVALIDATED, invalidation_id=row.id)
        .returning(*_MOVED)
    ).all()
    _append(session, moved, Reason.INVALIDATED)
    if row.notify:
        _tell(session, moved)
    row.applied += len(moved)
    done = [target.signature_id for target in targets]
    session.execute(
        delete(InvalidationTarget).where(
            InvalidationTarget.invalidation_id == row.id, InvalidationTarget.signature_id.in_(done)
        )
    )


def _undo(session: Session, row: Invalidation, limit: int) -> None:
    """Put the next signatures back into the count; those that were erased meanwhile are skipped."""
    mine = select(Signature.id).where(Signature.invalidation_id == row.id).order_by(Signature.id).limit(limit)
    moved = session.execute(
        update(Signature)
        .where(Signature.id.in_(mine), Signature.state == SignatureState.INVALIDATED)
        .values(state=SignatureState.CONFIRMED, invalidation_id=None)
        .returning(*_MOVED)
    ).all()
    if not moved:
        row.state = InvalidationState.UNDONE
        _record_end(session, row, "invalidation.undone", row.reinstated)
        return
    _append(session, moved, Reason.REINSTATED)
    row.reinstated += len(moved)


def _append(session: Session, moved: Moved, reason: Reason) -> None:
    """Of each the entry, at the place of its earlier ones, and the way between that place and where the person is now."""
    now = clock.now()
    ways = [(current_place(signature), entry_place(signature)) for signature in moved]
    append_places(
        session,
        [
            PlaceMove(signature.campaign_id, signature.id, *(way if reason.delta == -1 else reversed(way)))
            for signature, way in zip(moved, ways, strict=True)
        ],
        now,
    )
    entries = [
        {
            "campaign_id": signature.campaign_id,
            "kind": Kind.PERSON,
            "delta": reason.delta,
            "reason": reason,
            "subject_id": signature.id,
            "country": entry.country,
            "region": entry.region,
            "hour": hour_of(now),
            "occurred_at": now,
            "pledge_text_id": signature.pledge_text_id,
            "commitment": signature.commitment if reason.delta == 1 else None,
        }
        for signature, (_, entry) in zip(moved, ways, strict=True)
    ]
    if entries:
        session.execute(insert(LedgerEntry), entries)


def _tell(session: Session, moved: Moved) -> None:
    """Enqueue the mail that tells each signer, within the caps."""
    people = select(Signature.id, Signature.address_hash, Signature.lang).where(
        Signature.id.in_([signature.id for signature in moved])
    )
    for row in session.execute(people).all():
        enqueue(session, MailKind.INVALIDATED, row.id, bytes(row.address_hash), row.lang)


def _record_end(session: Session, row: Invalidation, action: str, signatures: int) -> None:
    record(session, WORKER, action, f"invalidation:{row.id}", reason=row.note, signatures=signatures)
