"""Who has a case open: reviewers see each other, and the first one holds it until another one takes it over.

A soft lock: it informs and never forbids, and a page that is silent for two minutes is forgotten.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.endorsements.models import Endorsement, ReviewVisit
from pledge.endorsements.review.moderation import UnknownCase, subject
from pledge.endorsements.review.queries import VISIT_TTL
from pledge.endorsements.versions import lock


@dataclass(frozen=True)
class Presence:
    """What one reviewer is shown about the others."""

    others: list[str]  #: who else has the case open
    holder: str | None  #: the other one who holds it; None when nobody else does
    is_mine: bool  #: this person holds it


def presence(actor: Actor, endorsement_id: int) -> Presence:
    """Who has the case open now. Reads only."""
    with reading() as connection:
        return _presence(connection, actor, endorsement_id)


def arrive(actor: Actor, endorsement_id: int, *, take: bool = False) -> Presence:
    """Record that this person has the case open, and hold it if nobody does, or in any case if they take it. Only that is audited: the
    rest decides nothing. Raises UnknownCase.
    """
    now = clock.now()
    with transaction() as session:
        row = lock(session, Endorsement.id == endorsement_id)
        if row is None:
            raise UnknownCase
        is_over = ReviewVisit.seen_at < now - VISIT_TTL
        session.execute(delete(ReviewVisit).where(ReviewVisit.endorsement_id == endorsement_id, is_over))
        if actor.staff_id is not None:
            session.merge(
                ReviewVisit(
                    endorsement_id=endorsement_id, staff_id=actor.staff_id, name=actor.name, seen_at=now
                )
            )
        is_free = row.opened_at is None or row.opened_at < now - VISIT_TTL
        if take or is_free or row.opened_by in (None, actor.staff_id):
            row.opened_by, row.opened_at = actor.staff_id, now
        if take:
            record(session, actor, "endorsement.take", subject(row))
        session.flush()
        return _presence(session.connection(), actor, endorsement_id)


def _presence(connection: Connection, actor: Actor, endorsement_id: int) -> Presence:
    since = clock.now() - VISIT_TTL
    visits = connection.execute(
        select(ReviewVisit.staff_id, ReviewVisit.name)
        .where(ReviewVisit.endorsement_id == endorsement_id, ReviewVisit.seen_at >= since)
        .order_by(ReviewVisit.name)
    ).all()
    holder = connection.execute(
        select(Endorsement.opened_by).where(Endorsement.id == endorsement_id, Endorsement.opened_at >= since)
    ).scalar()
    others = {visit.staff_id: visit.name for visit in visits if visit.staff_id != actor.staff_id}
    is_mine = holder is not None and holder == actor.staff_id
    return Presence(list(others.values()), others.get(holder), is_mine)
