"""Decisions that one person must not take alone: one proposes, another one decides (docs/adr/0040).

An administrator can invite an account and use it too. So for 72 hours an account counts as one person with whoever invited
it; the audit log, which nobody can change, says who did.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from pledge.audit.models import Actor, AuditEntry
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.db.types import UTCDateTime

INVITED_LATELY = timedelta(hours=72)

_INVITATIONS = ("staff.invite", "staff.invite_again")


class NeedsSecondPerson(Exception):
    """Whoever began does not decide alone, and each of the two must be known by an account."""


class InvitedLately(Exception):
    """One of the two invited the other, or the same person invited both, less than 72 hours ago."""


class NoSuchProposal(LookupError):
    """There is nothing of this number to decide about."""


class WrongState(Exception):
    """It is not, or no longer, in a state that allows this, or says something else than was seen."""


class Proposed:
    """The columns of what one person proposes and another one decides about.

    Numbers and names of staff as the audit log has them; an account may be closed later.
    """

    state: Mapped[str]
    proposed_by: Mapped[int | None]
    proposed_name: Mapped[str] = mapped_column(String(254), default="")
    proposed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None]
    decided_name: Mapped[str] = mapped_column(String(254), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def stamp(self) -> str:
        """A hash of what it says, which a decision about it names; "" where that never changes."""
        return ""

    def propose(self, actor: Actor, state: str) -> None:
        """Have a second person decide. Raises NeedsSecondPerson: who proposes must be known by an account."""
        if actor.staff_id is None:
            raise NeedsSecondPerson
        self.take_back(state)
        self.proposed_by, self.proposed_name, self.proposed_at = actor.staff_id, actor.name, clock.now()

    def decide(self, session: Session, actor: Actor, state: str, *, alone: bool = False) -> None:
        """Approve or refuse as a second person, unless `alone` is enough. Raises NeedsSecondPerson, InvitedLately."""
        if not alone:
            check(session, self.proposed_by, actor.staff_id)
        self.state = state
        self.decided_by, self.decided_name, self.decided_at = actor.staff_id, actor.name, clock.now()

    def take_back(self, state: str) -> None:
        """Nobody has proposed or decided it."""
        self.state = state
        self.proposed_by = self.proposed_at = self.decided_by = self.decided_at = None
        self.proposed_name = self.decided_name = ""


Row = TypeVar("Row", bound=Proposed)


@contextmanager
def locked(query: Select[Row], *states: str, seen: str | None = None) -> Iterator[tuple[Session, Row]]:
    """The row that a query with FOR UPDATE finds, in one of these states and as it was seen, until the transaction ends.

    Whoever decides at the same moment waits here and is then refused. Raises NoSuchProposal, WrongState.
    """
    with transaction() as session:
        row = session.scalar(query)
        if row is None:
            raise NoSuchProposal
        if row.state not in states or seen not in (None, row.stamp):
            raise WrongState
        yield session, row


def check(session: Session, first: int | None, second: int | None) -> None:
    """Let only a second person go on. Raises NeedsSecondPerson, InvitedLately."""
    if first is None or second is None or first == second:
        raise NeedsSecondPerson
    if _are_one(session.connection(), first, second):
        raise InvitedLately


def obstacle(first: int | None, second: int | None) -> str:
    """Why the second does not decide what the first began: "second", "lately" or ""; for the page that offers it."""
    if first is None or second is None or first == second:
        return "second"
    with reading() as connection:
        return "lately" if _are_one(connection, first, second) else ""


def _are_one(connection: Connection, first: int, second: int) -> bool:
    invited_by = _recent_invitations(connection)
    return _origin(first, invited_by) == _origin(second, invited_by)


def _recent_invitations(connection: Connection) -> dict[int, int]:
    """By account, who invited it lately; the last invitation counts. The command line is no account."""
    query = (
        select(AuditEntry.subject, AuditEntry.staff_id)
        .where(AuditEntry.action.in_(_INVITATIONS), AuditEntry.at > clock.now() - INVITED_LATELY)
        .order_by(AuditEntry.id)
    )
    found = {int(row.subject.partition(":")[2]): row.staff_id for row in connection.execute(query)}
    return {invited: by for invited, by in found.items() if by is not None}


def _origin(staff_id: int, invited_by: dict[int, int]) -> int:
    """Follow recent invitations back to the first; for two who invited each other it is one of them."""
    seen = {staff_id}
    while staff_id in invited_by and invited_by[staff_id] not in seen:
        staff_id = invited_by[staff_id]
        seen.add(staff_id)
    return min(seen) if staff_id in invited_by else staff_id
