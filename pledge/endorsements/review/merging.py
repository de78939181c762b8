"""Two applications of one organisation become one: the other row stays and points to it, with all of its history."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import transaction
from pledge.endorsements.counting import count_out
from pledge.endorsements.models import Endorsement, EndorsementState
from pledge.endorsements.review.cases import CaseInWrongState, SeenState, UnknownCase, only_in, subject, take
from pledge.endorsements.versions import supersede_proposed
from pledge.ledger.models import Reason

#: The states of a duplicate, and of the endorsement that remains.
_DUPLICATE = (
    *(EndorsementState.REVIEW, EndorsementState.CHANGES, EndorsementState.PUBLISHED),
    *(EndorsementState.DECLINED, EndorsementState.WITHDRAWN, EndorsementState.REMOVED),
)
_REMAINING = (EndorsementState.REVIEW, EndorsementState.CHANGES, EndorsementState.PUBLISHED)


def merge(actor: Actor, endorsement_id: int, into_id: int, seen: SeenState, why: str) -> None:
    """Make an endorsement a duplicate of another one of its campaign; -1 when it was counted itself.

    Duplicates of it point to the other one now, so no link leads through two rows. Its mails stop with its state.
    Raises UnknownCase, CaseChanged, CaseInWrongState.
    """
    if endorsement_id == into_id:
        raise CaseInWrongState
    now = clock.now()
    with transaction() as session:
        _lock_in_order(session, endorsement_id, into_id)
        row = take(session, endorsement_id, seen)
        into = session.get(Endorsement, into_id)
        if into is None:
            raise UnknownCase
        only_in(row, *_DUPLICATE)
        only_in(into, *_REMAINING)
        if into.campaign_id != row.campaign_id:
            raise CaseInWrongState
        before = row.state
        if before == EndorsementState.PUBLISHED:
            count_out(session, row, Reason.INVALIDATED, now)
        row.state, row.merged_into_id, row.ended_at = EndorsementState.MERGED, into.id, now
        supersede_proposed(session, row)
        session.execute(
            update(Endorsement).where(Endorsement.merged_into_id == row.id).values(merged_into_id=into.id)
        )
        record(
            session, actor, "endorsement.merge", subject(row), reason=why, into=str(into.id), before=before
        )
        record(session, actor, "endorsement.absorb", subject(into), reason=why, merged=str(row.id))


def _lock_in_order(session: Session, *ids: int) -> None:
    """Lock both rows, the smaller number first, so that two opposite merges cannot deadlock."""
    session.execute(
        select(Endorsement.id).where(Endorsement.id.in_(ids)).order_by(Endorsement.id).with_for_update()
    )
