"""Reads about staff. People come detached from the session: what is changed is changed by a use case."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pledge.accounts.models import StaffMember, StaffPasskey, StaffRole
from pledge.accounts.roles import Permission, Role, may
from pledge.core.db import db


@dataclass(frozen=True)
class StaffMemberView:
    """A member of staff on the page of people."""

    id: int
    email: str
    name: str
    roles: list[Role]
    active: bool
    invited: bool  #: the invitation has not been taken up yet
    has_second_factor: bool
    invited_at: datetime | None
    signed_in_at: datetime | None
    closed_at: datetime | None

    @property
    def shown_name(self) -> str:
        """As colleagues read it: the name, before it is given the address."""
        return self.name or self.email


def member(**by: Any) -> StaffMember | None:
    """The person with these values, with roles and passkeys, as they are now; detached."""
    with Session(db.engine) as session:
        found = session.scalar(select(StaffMember).filter_by(**by))
        if found is not None:
            session.expunge_all()
        return found


def passkey(credential_id: bytes) -> StaffPasskey | None:
    with Session(db.engine) as session:
        found = session.scalar(select(StaffPasskey).where(StaffPasskey.credential_id == credential_id))
        if found is not None:
            session.expunge_all()
        return found


def people() -> list[StaffMemberView]:
    """Everybody, open accounts first, by address."""
    with Session(db.engine) as session:
        rows = session.scalars(select(StaffMember).order_by(StaffMember.active.desc(), StaffMember.email))
        return [_view(row) for row in rows]


def able(permission: Permission, staff: Iterable[StaffMemberView]) -> list[StaffMemberView]:
    """Those of them with an open account that may do it."""
    return [
        member
        for member in staff
        if member.active and not member.invited and may(frozenset(member.roles), permission)
    ]


def names() -> dict[str, str]:
    """The names of those who have given one, by their addresses, of closed accounts too."""
    with Session(db.engine) as session:
        query = select(StaffMember.email, StaffMember.name).where(StaffMember.name != "")
        return {row.email: row.name for row in session.execute(query)}


def person(staff_id: int) -> StaffMemberView | None:
    found = member(id=staff_id)
    return None if found is None else _view(found)


def is_empty() -> bool:
    """Whether nobody was ever invited."""
    with Session(db.engine) as session:
        return session.scalar(select(StaffMember.id).limit(1)) is None


def other_admins(session: Session, staff_id: int) -> int:
    """How many open accounts besides this one may manage staff; for a transaction that holds the table's lock."""
    return (
        session.scalar(
            select(func.count())
            .select_from(StaffRole)
            .join(StaffMember, StaffMember.id == StaffRole.staff_id)
            .where(
                StaffRole.role == Role.ADMIN,
                StaffMember.active,
                StaffMember.password.is_not(None),
                StaffMember.id != staff_id,
            )
        )
        or 0
    )


def _view(row: StaffMember) -> StaffMemberView:
    return StaffMemberView(
        id=row.id,
        email=row.email,
        name=row.name,
        roles=[role for role in Role if role in row.role_set],
        active=row.active,
        invited=row.password is None,
        has_second_factor=row.has_second_factor,
        invited_at=row.invited_at,
        signed_in_at=row.signed_in_at,
        closed_at=row.closed_at,
    )
