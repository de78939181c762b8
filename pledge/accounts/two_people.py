"""When two accounts count as two people, for every decision that one person must not take alone (docs/adr/0040).

An administrator can invite an account and use it too. So for 72 hours an account counts as one person with whoever invited
it; the audit log, which nobody can change, says who did.
"""

from datetime import timedelta

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from pledge.audit.models import AuditEntry
from pledge.core import clock
from pledge.core.db import reading

INVITED_LATELY = timedelta(hours=72)

_INVITATIONS = ("staff.invite", "staff.invite_again")


class NeedsSecondPerson(Exception):
    """Whoever began does not decide alone, and each of the two must be known by an account."""


class InvitedLately(Exception):
    """One of the two invited the other, or the same person invited both, less than 72 hours ago."""


def are_two_accounts(first: int | None, second: int | None) -> bool:
    return None not in (first, second) and first != second


def check(session: Session, first: int | None, second: int | None) -> None:
    """Let only a second person go on. Raises NeedsSecondPerson, InvitedLately."""
    if not are_two_accounts(first, second):
        raise NeedsSecondPerson
    if _are_one(session.connection(), first, second):
        raise InvitedLately


def invited_lately(first: int | None, second: int | None) -> bool:
    """The same as a question, for a page that offers a decision or explains why it does not."""
    with reading() as connection:
        return _are_one(connection, first, second)


def _are_one(connection: Connection, first: int | None, second: int | None) -> bool:
    if first is None or second is None or first == second:
        return False
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
