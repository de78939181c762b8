"""Invalidation: staff take signatures out of the count by condition, always counted first, and can undo it as a whole.

An invalidation fixes its set of signatures when it is counted. What a second person approves is therefore exactly what
was shown; whoever signs, withdraws or is erased afterwards is left alone. The work itself is done by the worker
(pledge/signatures/invalidation/applying.py).
"""

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from pledge.accounts import two_people
from pledge.audit.models import Actor
from pledge.audit.services import record, stated
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.encryption import Unreadable
from pledge.signatures.addresses import BadAddress, parse
from pledge.signatures.invalidation.conditions import Condition
from pledge.signatures.invalidation.models import (
    Invalidation,
    InvalidationReason,
    InvalidationState,
    InvalidationTarget,
)
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import domain_of

#: One person alone may decide about at most so many signatures.
MAX_WITHOUT_SECOND_PERSON = 50
#: One invalidation takes no more: the condition should be narrower, or the work cut into parts.
MAX_SIGNATURES = 100_000


class NothingMatches(Exception):
    """No confirmed signature fulfils the condition."""


class TooManySignatures(Exception):
    """More signatures fulfil the condition than one invalidation may take."""


class InvalidationInWrongState(Exception):
    """The invalidation is not in the state for this: somebody else was quicker, or it has ended."""


def propose(
    actor: Actor, condition: Condition, reason: InvalidationReason, note: str, *, notify: bool = False
) -> int:
    """Count the confirmed signatures that fulfil a condition and keep the set for a decision. Nothing else changes.

    Returns the number of the invalidation. Raises NoCondition, NoReason, NothingMatches, TooManySignatures.
    """
    condition.check()
    note = stated(note)
    with transaction() as session:
        row = Invalidation(
            state=InvalidationState.PROPOSED,
            reason=InvalidationReason(reason),
            note=note,
            notify=notify,
            campaign_id=condition.campaign_id,
            network_hash=condition.network_hash,
            domain_hash=condition.domain_hash,
            domain=condition.domain or _domain_behind(session, condition),
            signed_from=condition.signed_from,
            signed_until=condition.signed_until,
            faster_than=condition.faster_than,
            matched=0,
            proposed_by=actor.staff_id,
            proposed_name=actor.name,
            proposed_at=clock.now(),
        )
        session.add(row)
        session.flush()
        row.matched = _fix_targets(session, row.id, condition)
        if not row.matched:
            raise NothingMatches
        if row.matched > MAX_SIGNATURES:
            raise TooManySignatures
        record(
            session,
            actor,
            "invalidation.propose",
            f"invalidation:{row.id}",
            reason=note,
            code=row.reason,
            matched=row.matched,
            by=_named(condition),
        )
        return row.id


def approve(actor: Actor, invalidation_id: int) -> None:
    """Have it applied. Raises NeedsSecondPerson, InvitedLately, InvalidationInWrongState."""
    with transaction() as session:
        row = _locked(session, invalidation_id, InvalidationState.PROPOSED)
        if row.matched > MAX_WITHOUT_SECOND_PERSON:
            two_people.check(session, row.proposed_by, actor.staff_id)
        row.state = InvalidationState.APPLYING
        row.approved_by, row.approved_name, row.approved_at = actor.staff_id, actor.name, clock.now()
        record(
            session,
            actor,
            "invalidation.approve",
            f"invalidation:{row.id}",
            reason=row.note,
            matched=row.matched,
        )


def discard(actor: Actor, invalidation_id: int, why: str) -> None:
    """Decide against it. Raises NoReason, InvalidationInWrongState."""
    why = stated(why)
    with transaction() as session:
        row = _locked(session, invalidation_id, InvalidationState.PROPOSED)
        _forget_targets(session, row.id)
        row.state = InvalidationState.DISCARDED
        _end(session, actor, row, why, "invalidation.discard")


def undo(actor: Actor, invalidation_id: int, why: str) -> None:
    """Put back all that it took and that is still as it left it, also while it is being applied.

    Raises NoReason, InvalidationInWrongState.
    """
    why = stated(why)
    with transaction() as session:
        row = _locked(session, invalidation_id, InvalidationState.APPLYING, InvalidationState.APPLIED)
        _forget_targets(session, row.id)
        row.state = InvalidationState.UNDOING
        _end(session, actor, row, why, "invalidation.undo")


def _locked(session: Session, invalidation_id: int, *states: InvalidationState) -> Invalidation:
    """The row, if it is in one of these states; whoever decides at the same moment waits here and is then refused."""
    row = session.scalar(
        select(Invalidation)
        .where(Invalidation.id == invalidation_id, Invalidation.state.in_(states))
        .with_for_update()
    )
    if row is None:
        raise InvalidationInWrongState
    return row


def _fix_targets(session: Session, invalidation_id: int, condition: Condition) -> int:
    wanted = (
        select(literal(invalidation_id), Signature.id)
        .where(Signature.state == SignatureState.CONFIRMED, *condition.matches())
        .limit(MAX_SIGNATURES + 1)
    )
    session.execute(insert(InvalidationTarget).from_select(["invalidation_id", "signature_id"], wanted))
    counted = select(func.count()).where(InvalidationTarget.invalidation_id == invalidation_id)
    return int(session.scalar(counted) or 0)


def _domain_behind(session: Session, condition: Condition) -> str | None:
    """The name of a domain that is known by its hash only, read from one of the addresses there."""
    if condition.domain_hash is None:
        return None
    one = select(Signature.email).where(Signature.domain_hash == condition.domain_hash).limit(1)
    try:
        email = session.scalar(one)
        return None if email is None else domain_of(parse(email))
    except (Unreadable, BadAddress):
        return None


def _forget_targets(session: Session, invalidation_id: int) -> None:
    session.execute(delete(InvalidationTarget).where(InvalidationTarget.invalidation_id == invalidation_id))


def _end(session: Session, actor: Actor, row: Invalidation, why: str, action: str) -> None:
    row.ended_name, row.ended_at, row.ended_why = actor.name, clock.now(), why
    record(session, actor, action, f"invalidation:{row.id}", reason=why, applied=row.applied)


def _named(condition: Condition) -> list[str]:
    """Which parts a condition has; not their values, as a network or a domain can be one person's."""
    parts = {
        "campaign": condition.campaign_id,
        "network": condition.network_hash,
        "domain": condition.domain_hash,
        "signed from": condition.signed_from,
        "signed until": condition.signed_until,
        "faster than": condition.faster_than,
    }
    return [name for name, value in parts.items() if value is not None]
