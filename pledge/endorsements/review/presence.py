"""Who has a case open: reviewers see each other, and the first one holds it until another one takes it over.

A soft lock: it informs and never forbids, and a page that is silent for two minutes is forgotten.
"""

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import load, transaction
from pledge.endorsements.models import Endorsement, ReviewVisit
from pledge.endorsements.review.moderation import UnknownCase, audit_name
from pledge.endorsements.review.queries import is_present
from pledge.endorsements.versions import lock


@dataclass(frozen=True)
class Presence:
    """What one reviewer is shown about the others."""

    others: list[str]  #: who else has the case open
    holder: str | None  #: the other one who holds it; None when nobody else does
    is_mine: bool  #: this person holds it


def presence(actor: Actor, endorsement_id: int) -> Presence:
    """Who has the case open now. Reads only."""
    visits = load(select(ReviewVisit).where(is_present(endorsement_id)).order_by(ReviewVisit.name))
    others = [visit for visit in visits if visit.staff_id != actor.staff_id]
    return Presence(
        others=[visit.name for visit in others],
        holder=next((visit.name for visit in others if visit.holds), None),
        is_mine=any(visit.holds and visit.staff_id == actor.staff_id for visit in visits),
    )


def arrive(actor: Actor, endorsement_id: int, *, take: bool = False) -> Presence:
    """Record that this person has the case open, and hold it if nobody does, or in any case if they take it. Only that is audited: the
    rest decides nothing. Raises UnknownCase.
    """
    of_case = ReviewVisit.endorsement_id == endorsement_id
    with transaction() as session:
        row = lock(session, Endorsement.id == endorsement_id)
        if row is None:
            raise UnknownCase
        session.execute(delete(ReviewVisit).where(of_case, ~is_present(endorsement_id)))
        if take:
            session.execute(update(ReviewVisit).where(of_case).values(holds=False))
            record(session, actor, "endorsement.take", audit_name(row))
        holder = session.scalar(select(ReviewVisit.staff_id).where(of_case, ReviewVisit.holds))
        session.merge(
            ReviewVisit(
                endorsement_id=endorsement_id,
                staff_id=actor.staff_id,
                name=actor.name,
                seen_at=clock.now(),
                holds=holder in (None, actor.staff_id),
            )
        )
    return presence(actor, endorsement_id)
