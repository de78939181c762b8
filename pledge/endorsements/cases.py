"""One case of the review desk: what was seen of it, the row under lock, and its versions."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.endorsements.models import Endorsement, EndorsementState, EndorsementVersion, VersionState


class UnknownCase(Exception):
    """There is no such endorsement (any more)."""


class NotPossible(Exception):
    """The act does not go with the state that the case is in."""


@dataclass(frozen=True)
class Seen:
    """What a decision is about: the state that was shown, and the newest version."""

    state: EndorsementState
    seq: int

    def __str__(self) -> str:
        return f"{self.state}.{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Seen":
        """Raises ValueError for what no page of ours has sent."""
        state, _, seq = text.partition(".")
        return cls(EndorsementState(state), int(seq))


class CaseChanged(Exception):
    """Somebody else moved the case meanwhile; `now` is how it stands."""

    def __init__(self, now: Seen) -> None:
        super().__init__(str(now))
        self.now = now


def take(session: Session, endorsement_id: int, seen: Seen) -> Endorsement:
    """The row, locked, if it still is what was seen: whoever decides second is told so. Raises UnknownCase, CaseChanged."""
    row = session.scalar(select(Endorsement).where(Endorsement.id == endorsement_id).with_for_update())
    if row is None:
        raise UnknownCase
    now = Seen(EndorsementState(row.state), row.seq)
    if now != seen:
        raise CaseChanged(now)
    return row


def subject(row: Endorsement) -> str:
    """What the audit log calls it."""
    return f"endorsement:{row.id}"


def published_version(session: Session, row: Endorsement) -> EndorsementVersion | None:
    """What the wall shows of it, or showed last."""
    return session.scalar(
        select(EndorsementVersion).where(
            EndorsementVersion.endorsement_id == row.id, EndorsementVersion.state == VersionState.PUBLISHED
        )
    )


def newest_version(session: Session, row: Endorsement) -> EndorsementVersion:
    """What the organisation wrote last, decided or not."""
    return session.scalars(
        select(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == row.id)
        .order_by(EndorsementVersion.seq.desc())
        .limit(1)
    ).one()


def only_in(row: Endorsement, *states: EndorsementState) -> None:
    """Raises NotPossible unless the case is in one of the states."""
    if row.state not in states:
        raise NotPossible
