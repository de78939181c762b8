"""Decisions by two people: one proposes, another one decides (docs/adr/0040).

An administrator can invite an account and use it too. So for 72 hours an account counts as one person with the one who
invited it; the audit log, which nobody can change, says who did.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from pledge.audit.models import Actor, AuditEntry
from pledge.audit.services import NoReason, required_reason
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.db.types import UTCDateTime

INVITED_LATELY = timedelta(hours=72)

_INVITATIONS = ("staff.invite", "staff.invite_again")


class NeedsSecondPerson(Exception):
    """Whoever proposed must not decide, and both need an account."""

    #: The two count as one person until then (UTC); None: they are one, or not known.
    until: datetime | None = None


class InvitedLately(NeedsSecondPerson):
    """One of the two invited the other, or the same person invited both, less than 72 hours ago."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class NoSuchProposal(LookupError):
    """There is nothing of this number to decide about."""


class WrongState(Exception):
    """Its state does not allow this, or its content differs from what was seen."""


class Proposed:
    """The columns of what one person proposes and another one decides about.

    Numbers and names of staff as the audit log has them; an account may be closed later.
    """

    id: Mapped[int]
    state: Mapped[str]
    proposed_by: Mapped[int | None]
    proposed_name: Mapped[str] = mapped_column(String(254), default="")
    proposed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None]
    decided_name: Mapped[str] = mapped_column(String(254), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why somebody else sent it back to its author; NULL once that is done.
    returned_why: Mapped[str | None] = mapped_column(Text)

    @property
    def stamp(self) -> str:
        """A hash of what it says, which a decision about it names; "" where that never changes."""
        return ""

    def propose(self, actor: Actor, state: str) -> None:
        """Have a second person decide. Raises NeedsSecondPerson: who proposes must be known by an account."""
        if actor.staff_id is None:
            raise NeedsSecondPerson
        self.reset(state)
        self.proposed_by, self.proposed_name, self.proposed_at = actor.staff_id, actor.name, clock.now()

    def decide(self, session: Session, actor: Actor, state: str, *, alone: bool = False) -> None:
        """Approve or refuse as a second person, unless `alone` is enough. Raises NeedsSecondPerson, InvitedLately."""
        if not alone:
            check(session, self.proposed_by, actor.staff_id)
        self.state = state
        self.decided_by, self.decided_name, self.decided_at = actor.staff_id, actor.name, clock.now()

    def take_back(self, actor: Actor, state: str) -> None:
        """Recall it as its author. Raises NoReason: anybody else sends it back."""
        if actor.staff_id != self.proposed_by:
            raise NoReason
        self.reset(state)

    def send_back(self, actor: Actor, state: str, reason: str) -> None:
        """Return it to its author, whose inbox names the reason until they act. Raises NoReason."""
        self.returned_why, self.state = required_reason(reason), state
        self.decided_by, self.decided_name, self.decided_at = actor.staff_id, actor.name, clock.now()

    def reset(self, state: str) -> None:
        """Nobody has proposed or decided it."""
        self.state, self.returned_why = state, None
        self.proposed_by = self.proposed_at = self.decided_by = self.decided_at = None
        self.proposed_name = self.decided_name = ""


Row = TypeVar("Row", bound=Proposed)


@contextmanager
def locked(query: Select[Row], *states: str, seen: str | None = None) -> Iterator[tuple[Session, Row]]:
    """Lock and yield the row of a query with FOR UPDATE, which must have one of these states and be as it was seen.

    Another decision at the same moment waits here and is then refused. Raises NoSuchProposal, WrongState.
    """
    with transaction() as session:
        row = session.scalar(query)
        if row is None:
            raise NoSuchProposal
        if row.state not in states or seen not in (None, row.stamp):
            raise WrongState
        yield session, row


def check(session: Session, first: int | None, second: int | None) -> None:
    """Check that `second` may decide what `first` began. Raises NeedsSecondPerson, InvitedLately."""
    reason = _obstacle(first, second, _recent_invitations(session.connection()))
    if reason is not None:
        raise reason


def obstacle(first: int | None, second: int | None) -> NeedsSecondPerson | None:
    """As `check`, but returns the error, for the page that shows the button."""
    return obstacles()(first, second)


def obstacles() -> Callable[[int | None, int | None], NeedsSecondPerson | None]:
    """As `obstacle`, for many pairs with one read."""
    with reading() as connection:
        invitations = _recent_invitations(connection)
    return lambda first, second: _obstacle(first, second, invitations)


@dataclass(frozen=True)
class _Invitation:
    by: int
    ends: datetime  #: from then on both are two people


def _obstacle(
    first: int | None, second: int | None, invitations: dict[int, _Invitation]
) -> NeedsSecondPerson | None:
    if first is None or second is None or first == second:
        return NeedsSecondPerson()
    until = None
    for ends in sorted({invitation.ends for invitation in invitations.values()}):
        if _origin(first, invitations) != _origin(second, invitations):
            break
        until = ends
        invitations = {
            invited: invitation for invited, invitation in invitations.items() if invitation.ends > ends
        }
    return InvitedLately(until) if until else None


def _recent_invitations(connection: Connection) -> dict[int, _Invitation]:
    """By account, who invited it lately; the last invitation counts. The command line is no account."""
    query = (
        select(AuditEntry.subject, AuditEntry.staff_id, AuditEntry.at)
        .where(AuditEntry.action.in_(_INVITATIONS), AuditEntry.at > clock.now() - INVITED_LATELY)
        .order_by(AuditEntry.id)
    )
    newest = {int(row.subject.partition(":")[2]): row for row in connection.execute(query)}
    return {
        invited: _Invitation(row.staff_id, row.at + INVITED_LATELY)
        for invited, row in newest.items()
        if row.staff_id is not None
    }


def _origin(staff_id: int, invitations: dict[int, _Invitation]) -> int:
    """Follow recent invitations back to the first account; of two who invited each other, one of them."""
    seen = {staff_id}
    while staff_id in invitations and invitations[staff_id].by not in seen:
        staff_id = invitations[staff_id].by
        seen.add(staff_id)
    return min(seen) if staff_id in invitations else staff_id
