"""Bulk acts of staff: taking signatures out of the count by condition, holding back those that wait and clearing those that
would be held, releasing and refusing those that are held. Always counted first; what took signatures out can be undone as a whole.

An act fixes its set of signatures when it is counted. What a second person approves is therefore exactly what
was shown; whoever signs, withdraws or is erased afterwards is left alone. The work itself is done by the worker
(pledge/signatures/invalidation/applying.py).
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from pledge.abuse.blocks import Spared
from pledge.accounts import two_people
from pledge.audit.models import Actor
from pledge.audit.services import record, stated
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import transaction
from pledge.signatures.invalidation.conditions import Condition
from pledge.signatures.invalidation.models import (
    Invalidation,
    InvalidationAct,
    InvalidationReason,
    InvalidationState,
    InvalidationTarget,
)
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import large_domains

#: One person alone may decide about at most so many signatures, except to hold them: that takes nothing from the count.
MAX_WITHOUT_SECOND_PERSON = 50
#: One invalidation takes no more: the condition should be narrower, or the work cut into parts.
MAX_SIGNATURES = 100_000


#: Which signatures an act is about.
CONCERNED: dict[InvalidationAct, Sequence[ColumnElement[bool]]] = {
    InvalidationAct.INVALIDATE: (Signature.state == SignatureState.CONFIRMED,),
    InvalidationAct.HOLD: (Signature.state == SignatureState.PENDING, Signature.hold_reason.is_(None)),
    InvalidationAct.CLEAR: (Signature.state == SignatureState.PENDING, Signature.hold_reason.is_not(None)),
    InvalidationAct.RELEASE: (Signature.state == SignatureState.HELD,),
    InvalidationAct.REFUSE: (Signature.state == SignatureState.HELD,),
}
#: Those that have something to undo.
UNDONE_AS_A_WHOLE = (InvalidationAct.INVALIDATE, InvalidationAct.REFUSE)
#: The name of an act in the audit log.
AUDITED = {
    InvalidationAct.INVALIDATE: "invalidation",
    InvalidationAct.HOLD: "hold",
    InvalidationAct.CLEAR: "clearing",
    InvalidationAct.RELEASE: "release",
    InvalidationAct.REFUSE: "refusal",
}


class NothingMatches(Exception):
    """No signature that the act is about fulfils the condition."""


class TooManySignatures(Exception):
    """More signatures fulfil the condition than one invalidation may take."""


class InvalidationInWrongState(Exception):
    """The invalidation is not in the state for this: somebody else was quicker, or it has ended."""


def propose(
    actor: Actor,
    condition: Condition,
    reason: InvalidationReason | None,
    note: str,
    *,
    notify: bool | None = None,
    act: InvalidationAct = InvalidationAct.INVALIDATE,
) -> int:
    """Count the signatures that the act is about and that fulfil a condition, and keep the set for a decision. Nothing else
    changes.

    `reason`: for the public totals, where signatures are taken out; else None. `notify`: whether the signers are told by mail; None: as usual for the act, which is for a refusal only, as those who
    are held were told that somebody decides. Returns the number of the act. Raises NoCondition, NoReason, NothingMatches,
    TooManySignatures, Spared.
    """
    condition.check()
    if act is InvalidationAct.HOLD and _is_large_provider(condition):
        raise Spared
    note = stated(note)
    with transaction() as session:
        row = Invalidation(
            act=act,
            state=InvalidationState.PROPOSED,
            reason=None if reason is None else InvalidationReason(reason),
            note=note,
            notify=act is InvalidationAct.REFUSE if notify is None else notify,
            campaign_id=condition.campaign_id,
            network_hash=condition.network_hash,
            wide_network_hash=condition.wide_network_hash,
            domain_hash=condition.domain_hash,
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
        row.matched = _fix_targets(session, row.id, (*CONCERNED[act], *condition.matches()))
        if not row.matched:
            raise NothingMatches
        if row.matched > MAX_SIGNATURES:
            raise TooManySignatures
        record(
            session,
            actor,
            f"{AUDITED[act]}.propose",
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
        if row.matched > max_alone(row.act):
            two_people.check(session, row.proposed_by, actor.staff_id)
        row.state = InvalidationState.APPLYING
        row.approved_by, row.approved_name, row.approved_at = actor.staff_id, actor.name, clock.now()
        record(
            session,
            actor,
            f"{AUDITED[InvalidationAct(row.act)]}.approve",
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
        _end(session, actor, row, why, "discard")


def undo(actor: Actor, invalidation_id: int, why: str) -> None:
    """Put back all that it took and that is still as it left it, also while it is being applied: what was counted is counted,
    what was held is held again.

    Raises NoReason, InvalidationInWrongState.
    """
    why = stated(why)
    with transaction() as session:
        row = _locked(session, invalidation_id, InvalidationState.APPLYING, InvalidationState.APPLIED)
        if row.act not in UNDONE_AS_A_WHOLE:
            raise InvalidationInWrongState
        _forget_targets(session, row.id)
        row.state = InvalidationState.UNDOING
        _end(session, actor, row, why, "undo")


def max_alone(act: str) -> int:
    """About how many signatures one person alone may decide."""
    return MAX_SIGNATURES if act == InvalidationAct.HOLD else MAX_WITHOUT_SECOND_PERSON


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


def _fix_targets(session: Session, invalidation_id: int, matches: Sequence[ColumnElement[bool]]) -> int:
    wanted = select(literal(invalidation_id), Signature.id).where(*matches).limit(MAX_SIGNATURES + 1)
    session.execute(insert(InvalidationTarget).from_select(["invalidation_id", "signature_id"], wanted))
    counted = select(func.count()).where(InvalidationTarget.invalidation_id == invalidation_id)
    return int(session.scalar(counted) or 0)


def _is_large_provider(condition: Condition) -> bool:
    """Whether it is about all that comes from a large mail provider, whatever the network."""
    if condition.domain_hash is None or condition.network_hash or condition.wide_network_hash:
        return False
    return any(condition.domain_hash in large_domains(slug) for slug in slugs().values())


def _forget_targets(session: Session, invalidation_id: int) -> None:
    session.execute(delete(InvalidationTarget).where(InvalidationTarget.invalidation_id == invalidation_id))


def _end(session: Session, actor: Actor, row: Invalidation, why: str, action: str) -> None:
    row.ended_name, row.ended_at, row.ended_why = actor.name, clock.now(), why
    name = f"{AUDITED[InvalidationAct(row.act)]}.{action}"
    record(session, actor, name, f"invalidation:{row.id}", reason=why, applied=row.applied)


def _named(condition: Condition) -> list[str]:
    """Which parts a condition has; not their values, as a network or a domain can be one person's."""
    parts = {
        "campaign": condition.campaign_id,
        "network": condition.network_hash,
        "wider network": condition.wide_network_hash,
        "domain": condition.domain_hash,
        "signed from": condition.signed_from,
        "signed until": condition.signed_until,
        "faster than": condition.faster_than,
    }
    return [name for name, value in parts.items() if value is not None]
