"""One case of the review: the state that was seen, the row under lock, and the check of its state."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.endorsements.models import Endorsement, EndorsementState, VersionState
from pledge.endorsements.versions import newest_version


class UnknownCase(Exception):
    """There is no such endorsement, or no longer."""


class CaseInWrongState(Exception):
    """The state of the case does not allow this."""


@dataclass(frozen=True)
class SeenState:
    """What a decision is based on: the state that was shown, the newest version, and that version's state."""

    state: EndorsementState
    seq: int
    version: VersionState

    def __str__(self) -> str:
        return f"{self.state}.{self.seq}.{self.version}"

    @classmethod
    def parse(cls, text: str) -> "SeenState":
        """Raises ValueError for a text that no page of ours has sent."""
        state, seq, version = text.split(".")
        return cls(EndorsementState(state), int(seq), VersionState(version))


class CaseChanged(Exception):
    """Somebody else changed the case meanwhile; `now` is its present state."""

    def __init__(self, now: SeenState) -> None:
        super().__init__(str(now))
        self.now = now


def take(session: Session, endorsement_id: int, seen: SeenState) -> Endorsement:
    """The row, locked, if it is still as it was seen, so that a second decision is refused. Raises UnknownCase, CaseChanged."""
    row = session.scalar(select(Endorsement).where(Endorsement.id == endorsement_id).with_for_update())
    if row is None:
        raise UnknownCase
    now = SeenState(EndorsementState(row.state), row.seq, VersionState(newest_version(session, row).state))
    if now != seen:
        raise CaseChanged(now)
    return row


def subject(row: Endorsement) -> str:
    """Its name in the audit log."""
    return f"endorsement:{row.id}"


def only_in(row: Endorsement, *states: EndorsementState) -> None:
    """Raises CaseInWrongState unless the case is in one of the states."""
    if row.state not in states:
        raise CaseInWrongState
