"""Reads of invalidations: the list, and one of them with a sample."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, or_, select

from pledge.accounts.two_people import NoSuchProposal
from pledge.core.db import fetch, load, reading
from pledge.signatures.invalidation.models import (
    OPEN,
    Condition,
    Invalidation,
    InvalidationState,
    InvalidationTarget,
    seconds_to_confirm,
)
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.queries import masked

SAMPLE = 12
#: How many of the acts about the same network or domain are shown.
MAX_SIMILAR = 5
_ORIGINS = ("network_hash", "wide_network_hash", "domain_hash")


@dataclass(frozen=True)
class Sampled:
    """One of the signatures that an invalidation is about, for judging and not for reading."""

    name: str
    email: str
    country: str
    submitted_at: datetime
    confirmed_at: datetime | None
    seconds: float | None  #: from the mail to the confirmation


def newest(campaign_id: int, limit: int = 100) -> list[Invalidation]:
    """The newest acts about a campaign or about all, whatever became of them."""
    concerned = or_(Invalidation.campaign_id == campaign_id, Invalidation.campaign_id.is_(None))
    return load(select(Invalidation).where(concerned).order_by(Invalidation.id.desc()).limit(limit))


def proposed() -> list[Invalidation]:
    """Proposals awaiting a decision or returned to their authors, the longest wait first."""
    waits = (Invalidation.state == InvalidationState.PROPOSED) | Invalidation.returned_why.is_not(None)
    query = select(Invalidation).where(waits)
    return load(query.order_by(Invalidation.id))


def find(invalidation_id: int) -> Invalidation:
    """Raises NoSuchProposal."""
    for row in load(select(Invalidation).where(Invalidation.id == invalidation_id)):
        return row
    raise NoSuchProposal


def similar(condition: Condition, but: int = 0) -> list[Invalidation]:
    """The newest decided acts about the same network, wider network or mail domain, without the one of the number `but`."""
    same = [getattr(Invalidation, name) == value for name in _ORIGINS if (value := getattr(condition, name))]
    decided = (Invalidation.state.not_in(OPEN), Invalidation.id != but)
    query = select(Invalidation).where(or_(false(), *same), *decided)
    return load(query.order_by(Invalidation.id.desc()).limit(MAX_SIMILAR))


def undecided(condition: Condition) -> list[Invalidation]:
    """The open acts whose sets have signatures that fulfil the condition, by whatever condition those were found."""
    theirs = (
        select(InvalidationTarget.invalidation_id)
        .join(Signature, Signature.id == InvalidationTarget.signature_id)
        .where(*condition.matches())
    )
    is_open = (Invalidation.state.in_(OPEN), Invalidation.id.in_(theirs))
    return load(select(Invalidation).where(*is_open).order_by(Invalidation.id))


def hold_reasons(invalidation_id: int) -> dict[str, int]:
    """The hold reasons of the selected signatures, most frequent first; under "" the number of those counted now."""
    number = func.count()
    query = (
        select(Signature.hold_reason, number)
        .join(InvalidationTarget, InvalidationTarget.signature_id == Signature.id)
        .where(
            InvalidationTarget.invalidation_id == invalidation_id,
            Signature.hold_reason.is_not(None) | (Signature.state == SignatureState.CONFIRMED),
        )
        .group_by(Signature.hold_reason)
        .order_by(number.desc())
    )
    return {reason or "": signatures for reason, signatures in fetch(query)}


def sample(invalidation_id: int) -> list[Sampled]:
    """Some of the signatures that are to be taken, or were. Their numbers are random, so the first are a fair sample."""
    targets = select(InvalidationTarget.signature_id).where(
        InvalidationTarget.invalidation_id == invalidation_id
    )
    return _sampled(Signature.id.in_(targets)) or _sampled(Signature.invalidation_id == invalidation_id)


def _sampled(condition: ColumnElement[bool]) -> list[Sampled]:
    shown = (Signature.country, Signature.submitted_at, Signature.confirmed_at)
    query = select(Signature.name, Signature.email, *shown, seconds_to_confirm()).where(
        condition, Signature.state != SignatureState.ADDRESS_ONLY
    )
    with reading() as connection:
        rows = connection.execute(query.order_by(Signature.id).limit(SAMPLE))
        return [Sampled(masked(row[0]), masked(row[1]), *row[2:]) for row in rows]
