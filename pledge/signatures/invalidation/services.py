"""Bulk acts of staff by condition: taking out signatures that are counted or held, releasing those that are held or would be,
holding those that wait. Always counted first; what took signatures out can be undone as a whole.

An act fixes its set of signatures when it is counted. What a second person approves is therefore exactly what
was shown; whoever signs, withdraws or is erased afterwards is left alone. The work itself is done by the worker
(pledge/signatures/invalidation/applying.py).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from pledge.abuse import origin_list
from pledge.abuse.models import ListEffect
from pledge.abuse.origin_list import LargeProviderNotAllowed
from pledge.accounts import two_people
from pledge.accounts.two_people import WrongState
from pledge.audit.models import Actor
from pledge.audit.services import lock_chain, record, required_reason
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import transaction
from pledge.signatures.invalidation.models import (
    OPEN,
    Condition,
    Invalidation,
    InvalidationAct,
    InvalidationReason,
    InvalidationState,
    InvalidationTarget,
)
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import provider_domains

#: One person alone may decide about at most so many signatures, except to hold them: that takes nothing from the count.
MAX_WITHOUT_SECOND_PERSON = 50
#: One invalidation takes no more: the condition should be narrower, or the work cut into parts.
MAX_SIGNATURES = 100_000


#: Which signatures an act is about.
CONCERNED: dict[InvalidationAct, Sequence[ColumnElement[bool]]] = {
    InvalidationAct.INVALIDATE: (Signature.state.in_([SignatureState.CONFIRMED, SignatureState.HELD]),),
    InvalidationAct.HOLD: (Signature.state == SignatureState.PENDING, Signature.hold_reason.is_(None)),
    InvalidationAct.RELEASE: (
        Signature.state.in_([SignatureState.PENDING, SignatureState.HELD]),
        Signature.hold_reason.is_not(None),
    ),
}
#: The name of an act in the audit log.
AUDITED: dict[str, str] = {
    InvalidationAct.INVALIDATE: "invalidation",
    InvalidationAct.HOLD: "hold",
    InvalidationAct.RELEASE: "release",
}


class NothingMatches(Exception):
    """No signature that the act is about fulfils the condition."""


class TooManySignatures(Exception):
    """More signatures fulfil the condition than one invalidation may take."""


class Undecided(Exception):
    """Another act about some of the signatures waits for a decision, or is not done yet."""

    def __init__(self, invalidation_id: int) -> None:
        super().__init__(invalidation_id)
        self.invalidation_id = invalidation_id


def propose(
    actor: Actor,
    condition: Condition,
    reason: InvalidationReason | None,
    note: str,
    *,
    act: InvalidationAct = InvalidationAct.INVALIDATE,
    allows: bool = False,
) -> int:
    """Keep the set of signatures that the act is about and that fulfil a condition, for a decision; nothing else changes.

    `reason`: for the public totals, where signatures are taken out; else None. `allows`: whether a release also allows what
    comes later from the network or domain of its condition. Returns the number of the act. Raises NoCondition, NoReason,
    NothingMatches, TooManySignatures, LargeProviderNotAllowed, Undecided.
    """
    condition.check()
    if act is InvalidationAct.HOLD and _is_large_provider(condition):
        raise LargeProviderNotAllowed
    note = required_reason(note)
    with transaction() as session:
        row = Invalidation(
            act=act,
            reason=None if reason is None else InvalidationReason(reason),
            note=note,
            allows=allows,
            matched=0,
            **vars(condition),
        )
        row.propose(actor, InvalidationState.PROPOSED)
        session.add(row)
        session.flush()
        row.matched = _fix_targets(session, row.id, (*CONCERNED[act], *condition.matches()))
        if not row.matched:
            raise NothingMatches
        if row.matched > MAX_SIGNATURES:
            raise TooManySignatures
        _refuse_second_open(session, row.id)
        named = _named(condition)
        _record(session, actor, row, "propose", reason=note, code=row.reason, matched=row.matched, by=named)
        return row.id


def approve(actor: Actor, invalidation_id: int) -> None:
    """Have it applied. Raises NeedsSecondPerson, InvitedLately, WrongState, NoSuchProposal."""
    with _locked(invalidation_id, InvalidationState.PROPOSED) as (session, row):
        alone = row.matched <= max_alone(row.act)
        row.decide(session, actor, InvalidationState.APPLYING, alone=alone)
        if row.allows:
            origin_list.place(session, actor, row.condition.origin, ListEffect.ALLOW, row.note)
        _record(session, actor, row, "approve", reason=row.note, matched=row.matched)


def discard(actor: Actor, invalidation_id: int, reason: str) -> None:
    """Decide against it, or recall it as its author. Raises NoReason, WrongState, NoSuchProposal."""
    reason = required_reason(reason)
    with _locked(invalidation_id, InvalidationState.PROPOSED) as (session, row):
        is_own = actor.staff_id == row.proposed_by
        if not is_own:
            row.send_back(actor, InvalidationState.DISCARDED, reason)
        _end(session, actor, row, InvalidationState.DISCARDED, reason)
        _record(session, actor, row, "take_back" if is_own else "discard", reason=reason)


def acknowledge(actor: Actor, invalidation_id: int) -> None:
    """Note as its author that it was decided against. Raises WrongState, NoSuchProposal."""
    with _locked(invalidation_id, InvalidationState.DISCARDED) as (_, row):
        if actor.staff_id != row.proposed_by:
            raise WrongState
        row.returned_why = None


def undo(actor: Actor, invalidation_id: int, reason: str) -> None:
    """Put back all that it took and that is still as it left it, also while it is being applied: what was counted is counted,
    what was held is held again.

    Raises NoReason, WrongState, NoSuchProposal.
    """
    reason = required_reason(reason)
    with _locked(invalidation_id, InvalidationState.APPLYING, InvalidationState.APPLIED) as (session, row):
        if row.act != InvalidationAct.INVALIDATE:
            raise WrongState
        _end(session, actor, row, InvalidationState.UNDOING, reason)
        _record(session, actor, row, "undo", reason=reason, applied=row.applied)


def max_alone(act: str) -> int:
    """About how many signatures one person alone may decide."""
    return MAX_SIGNATURES if act == InvalidationAct.HOLD else MAX_WITHOUT_SECOND_PERSON


def _locked(
    invalidation_id: int, *states: InvalidationState
) -> AbstractContextManager[tuple[Session, Invalidation]]:
    query = select(Invalidation).where(Invalidation.id == invalidation_id)
    return two_people.locked(query.with_for_update(), *states)


def _fix_targets(session: Session, invalidation_id: int, matches: Sequence[ColumnElement[bool]]) -> int:
    wanted = select(literal(invalidation_id), Signature.id).where(*matches).limit(MAX_SIGNATURES + 1)
    session.execute(insert(InvalidationTarget).from_select(["invalidation_id", "signature_id"], wanted))
    counted = select(func.count()).where(InvalidationTarget.invalidation_id == invalidation_id)
    return int(session.scalar(counted) or 0)


def _refuse_second_open(session: Session, invalidation_id: int) -> None:
    """Let one open act be about a signature at a time. Raises Undecided."""
    lock_chain(session)  # of two proposals at once the second sees the set of the first
    mine = select(InvalidationTarget.signature_id).where(
        InvalidationTarget.invalidation_id == invalidation_id
    )
    others = (
        select(Invalidation.id)
        .join(InvalidationTarget, InvalidationTarget.invalidation_id == Invalidation.id)
        .where(Invalidation.state.in_(OPEN), Invalidation.id != invalidation_id)
        .where(InvalidationTarget.signature_id.in_(mine))
    )
    if other := session.scalar(others.limit(1)):
        raise Undecided(other)


def _is_large_provider(condition: Condition) -> bool:
    """Whether it is about all that comes from a large mail provider, whatever the network."""
    if condition.domain_hash is None or condition.network_hash or condition.wide_network_hash:
        return False
    return any(condition.domain_hash in provider_domains(slug) for slug in slugs().values())


def _end(session: Session, actor: Actor, row: Invalidation, state: InvalidationState, why: str) -> None:
    session.execute(delete(InvalidationTarget).where(InvalidationTarget.invalidation_id == row.id))
    row.state, row.ended_name, row.ended_at, row.ended_why = state, actor.name, clock.now(), why


def _record(session: Session, actor: Actor, row: Invalidation, action: str, **facts: Any) -> None:
    record(session, actor, f"{AUDITED[row.act]}.{action}", f"invalidation:{row.id}", **facts)


def _named(condition: Condition) -> list[str]:
    """Which parts a condition has; not their values, as a network or a domain can be one person's."""
    parts = (field.name for field in fields(condition) if getattr(condition, field.name) is not None)
    return [part.removesuffix("_id").removesuffix("_hash").replace("_", " ") for part in parts]
