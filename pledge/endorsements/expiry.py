"""What is deleted of endorsements when its time is over (docs/adr/0055). The privacy notice names these clocks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.core.db import transaction
from pledge.endorsements.models import (
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VersionState,
)
from pledge.endorsements.own import NOBODY, delete_row, forget_person
from pledge.endorsements.versions import drop, waiting

#: As for signatures: a link lives seven days, seven more are left to ask for a new one with it.
UNCONFIRMED = timedelta(days=14)
#: What has ended: long enough to ask why, and to answer.
ENDED = timedelta(days=90)
#: Rows in one transaction; each takes some statements.
BATCH = 100

_HAS_ENDED = (
    *(EndorsementState.DECLINED, EndorsementState.WITHDRAWN),
    *(EndorsementState.REMOVED, EndorsementState.MERGED),
)
_WAITS = (
    select(EndorsementVersion.id)
    .where(
        EndorsementVersion.endorsement_id == Endorsement.id,
        EndorsementVersion.state == VersionState.PROPOSED,
    )
    .exists()
)


@dataclass(frozen=True)
class ExpiryResult:
    unconfirmed: int  #: applications that nobody confirmed
    contacts: int  #: persons forgotten: of endorsements that have ended, and of changes that are over


def sweep(forgotten: Sequence[int] = ()) -> ExpiryResult:
    """Delete what nobody confirmed, and the persons of what has ended; `forgotten`: campaigns all of whose persons go."""
    now = clock.now()
    old = _unconfirmed(now - UNCONFIRMED)
    ended = (Endorsement.state.in_(_HAS_ENDED), Endorsement.ended_at < now - ENDED, ~_WAITS)
    return ExpiryResult(
        unconfirmed=_each(
            partial(_drop_unconfirmed, before=now - UNCONFIRMED),
            Endorsement.state.in_((EndorsementState.PENDING, *_HAS_ENDED)),
            old,
        ),
        contacts=_each(delete_row, *ended, Endorsement.published_at.is_(None))
        + _each(forget_person, *ended, Endorsement.contact_number != NOBODY)
        + _each(forget_person, Endorsement.campaign_id.in_(forgotten), Endorsement.contact_number != NOBODY)
        + _drop_changes(),
    )


def _each(act: Callable[[Session, Endorsement], None], *conditions: ColumnElement[bool]) -> int:
    """Do it to every row that fits; how many there were."""
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


def _unconfirmed(before: datetime) -> ColumnElement[bool]:
    """Whether an application waits that was sent before this moment. A new mail or another one does not renew its clock."""
    return (
        select(EndorsementVersion.id)
        .where(
            EndorsementVersion.endorsement_id == Endorsement.id,
            EndorsementVersion.state == VersionState.PROPOSED,
            EndorsementVersion.submitted_at < before,
        )
        .exists()
    )


def _drop_unconfirmed(session: Session, row: Endorsement, before: datetime) -> None:
    left = 0
    for version in waiting(session, row):
        if version.submitted_at < before:
            drop(session, version)
        else:
            left += 1
    if row.state == EndorsementState.PENDING and not left:
        delete_row(session, row)


def _drop_changes() -> int:
    over = clock.now() - UNCONFIRMED
    with transaction() as session:
        gone = session.execute(
            delete(ContactChange)
            .where(func.coalesce(ContactChange.done_at, ContactChange.asked_at) < over)
            .returning(ContactChange.endorsement_id)
        )
        return len(gone.all())
