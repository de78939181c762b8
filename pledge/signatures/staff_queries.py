"""Reads for the staff's signature pages: one person's state and mails, and how many signatures are held.

Names and addresses leave here only masked: who found a person by the exact address knows it already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from pledge.core.db import db, reading
from pledge.mail.models import OutboxMail
from pledge.signatures.invalidation.models import seconds_to_confirm
from pledge.signatures.models import HELD, Signature, SignatureState
from pledge.signatures.queries import SignatureView, find


@dataclass(frozen=True)
class SignatureDetail:
    """One person's signature as staff may see it."""

    view: SignatureView
    seconds_to_confirm: float | None
    mails: Sequence[OutboxMail]  #: about it, the newest first

    @property
    def name(self) -> str:
        """In full only while the campaign's page shows it."""
        row = self.view.row
        is_shown = row.public_name and row.state == SignatureState.CONFIRMED
        return row.name if is_shown else masked(row.name)

    @property
    def email(self) -> str:
        return masked(self.view.row.email)

    @property
    def is_to_be_held(self) -> bool:
        """When it is confirmed."""
        return self.view.row.state == SignatureState.PENDING and self.view.row.hold_reason is not None


def masked(text: str) -> str:
    """The first character of a name, or of both parts of an address, and nothing else."""
    local, at, domain = text.partition("@")
    return f"{local[:1]}**@{domain[:1]}**" if at else f"{text[:1]}**"


def person(signature_id: int, lang: str) -> SignatureDetail | None:
    """One signature with its mails; None when there is none."""
    view = find(signature_id, lang)
    if view is None:
        return None
    mails = select(OutboxMail).where(OutboxMail.subject_id == signature_id).order_by(OutboxMail.id.desc())
    with Session(db.engine) as session:
        seconds = session.scalars(select(seconds_to_confirm()).where(Signature.id == signature_id)).one()
        return SignatureDetail(view, seconds, session.scalars(mails).all())


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
