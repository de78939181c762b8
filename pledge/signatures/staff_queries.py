"""Reads for the staff's signature pages: one person's state and mails, and how many signatures are held.

Names and addresses leave here only masked: who found a person by the exact address knows it already.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from pledge.core.db import reading
from pledge.mail.models import OutboxMail
from pledge.signatures.invalidation.models import seconds_to_confirm
from pledge.signatures.models import HELD, Signature, SignatureState
from pledge.signatures.queries import SignatureView, find


@dataclass(frozen=True)
class MailLine:
    """One mail about a signature, without a word of what it says."""

    kind: str
    state: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    last_error: str | None


@dataclass(frozen=True)
class SignatureDetail:
    """One person's signature as staff may see it."""

    signature: SignatureView
    name: str  #: in full only while the campaign's page shows it
    email: str
    invalidation_id: int | None
    is_to_be_held: bool  #: when it is confirmed
    seconds_to_confirm: float | None
    mails: list[MailLine]


def masked(text: str) -> str:
    """The first character of a name, or of both parts of an address, and nothing else."""
    local, at, domain = text.partition("@")
    return f"{local[:1]}**@{domain[:1]}**" if at else f"{text[:1]}**"


def person(signature_id: int, lang: str) -> SignatureDetail | None:
    """One signature with its mails, the newest first; None when there is none."""
    signature = find(signature_id, lang)
    if signature is None:
        return None
    table = OutboxMail.__table__.c
    mails = (
        select(*(table[name] for name in MailLine.__dataclass_fields__))
        .where(table.subject_id == signature_id)
        .order_by(table.id.desc())
    )
    is_marked = (Signature.state == SignatureState.PENDING) & Signature.hold_reason.is_not(None)
    more = select(Signature.invalidation_id, is_marked, seconds_to_confirm()).where(
        Signature.id == signature_id
    )
    with reading() as connection:
        invalidation_id, is_to_be_held, seconds = connection.execute(more).one()
        lines = [MailLine(*line) for line in connection.execute(mails)]
    shown = signature.public_name and signature.state is SignatureState.CONFIRMED
    return SignatureDetail(
        signature=signature,
        name=signature.name if shown else masked(signature.name),
        email=masked(signature.email),
        invalidation_id=invalidation_id,
        is_to_be_held=is_to_be_held,
        seconds_to_confirm=seconds,
        mails=lines,
    )


@dataclass(frozen=True)
class Held:
    """The signatures, of a campaign or of all, that wait for staff to release or refuse them."""

    signatures: int
    since: datetime  #: when the first of them was confirmed
    newest: datetime  #: when the last one was


def held_by_campaign() -> dict[int, Held]:
    """What is held, by campaign; campaigns without any are left out."""
    query = (
        select(
            Signature.campaign_id,
            func.count(),
            func.min(Signature.confirmed_at),
            func.max(Signature.confirmed_at),
        )
        .where(text(HELD))
        .group_by(Signature.campaign_id)
    )
    with reading() as connection:
        found = connection.execute(query).all()
    return {
        campaign: Held(signatures, since, newest)
        for campaign, signatures, since, newest in found
        if since is not None and newest is not None
    }


def held_in_all() -> Held | None:
    """What is held in all campaigns together; None when nothing is."""
    found = held_by_campaign().values()
    if not found:
        return None
    return Held(
        sum(of.signatures for of in found), min(of.since for of in found), max(of.newest for of in found)
    )
