"""Deleting data of endorsements after its retention period (docs/adr/0055). The privacy notice states these periods."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.tokens import CONFIRM_LIFETIME
from pledge.endorsements.models import (
    CLOSED,
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VersionState,
)
from pledge.endorsements.services import NOBODY, delete_row, forget_person
from pledge.endorsements.versions import drop

#: How long an application waits, as a signature does.
UNCONFIRMED = 2 * CONFIRM_LIFETIME
#: After the end of an endorsement: long enough to ask why, and to answer.
ENDED = timedelta(days=90)
#: Rows in one transaction; each needs several statements.
BATCH = 100


def _waits(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a version of an endorsement waits for its mail, or for review, that meets the conditions."""
    return Endorsement.versions.any(and_(EndorsementVersion.state == VersionState.PROPOSED, *conditions))


def sweeps(forgotten: Sequence[int]) -> dict[str, Callable[[], int]]:
    """What deletes applications that nobody confirmed, and persons of endorsements and changes that ended, or of all in `forgotten`
    campaigns; each returns how many.
    """
    now = clock.now()
    ended = (Endorsement.state.in_(CLOSED), Endorsement.ended_at < now - ENDED, ~_waits())
    return {
        "unconfirmed applications of organisations": lambda: _apply(
            partial(_drop_unconfirmed, before=now - UNCONFIRMED),
            Endorsement.state.in_((EndorsementState.PENDING, *CLOSED)),
            # A new mail or another application does not renew the clock of one.
            _waits(EndorsementVersion.submitted_at < now - UNCONFIRMED),
        ),
        "contacts of organisations that are not listed": lambda: (
            _apply(delete_row, *ended, Endorsement.published_at.is_(None))
            + _apply(forget_person, *ended, Endorsement.contact_number != NOBODY)
            + _apply(
                forget_person, Endorsement.campaign_id.in_(forgotten), Endorsement.contact_number != NOBODY
            )
            + _drop_changes(now - UNCONFIRMED)
        ),
    }


def _apply(act: Callable[[Session, Endorsement], None], *conditions: ColumnElement[bool]) -> int:
    """Apply `act` to every row that meets the conditions; returns how many."""
    total = 0
    while True:
        with transaction() as session:
            rows = session.scalars(
                select(Endorsement).where(*conditions).limit(BATCH).with_for_update(skip_locked=True)
            ).all()
            for row in rows:
                act(session, row)
        total += len(rows)
        if len(rows) < BATCH:
            return total


def _drop_unconfirmed(session: Session, row: Endorsement, before: datetime) -> None:
    for version in row.proposed:
        if version.submitted_at < before:
            drop(session, row, version)
    if row.state == EndorsementState.PENDING and not row.proposed:
        delete_row(session, row)


def _drop_changes(before: datetime) -> int:
    changed_at = func.coalesce(ContactChange.done_at, ContactChange.asked_at)
    with transaction() as session:
        gone = delete(ContactChange).where(changed_at < before).returning(ContactChange.endorsement_id)
        return len(session.execute(gone).all())
