"""Reads about staff. People come detached from the session: what is changed is changed by a use case."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from pledge.accounts.models import StaffMember, StaffPasskey
from pledge.accounts.roles import Permission, Role
from pledge.audit import queries as audit
from pledge.audit.queries import Search
from pledge.core.db import fetch, load


def member(**by: Any) -> StaffMember | None:
    """The person with these values, with roles and passkeys, as they are now; detached."""
    return next(iter(load(select(StaffMember).filter_by(**by))), None)


def passkey(credential_id: bytes) -> StaffPasskey | None:
    passkeys = load(select(StaffPasskey).where(StaffPasskey.credential_id == credential_id))
    return next(iter(passkeys), None)


def people() -> list[StaffMember]:
    """Everybody, open accounts first, by address."""
    return load(select(StaffMember).order_by(StaffMember.active.desc(), StaffMember.email))


def able(permission: Permission, staff: Iterable[StaffMember]) -> list[StaffMember]:
    """Those of them with an open account that may do it."""
    return [member for member in staff if member.active and not member.is_invited and member.can(permission)]


def roles_at(moment: datetime | None) -> dict[int, list[Role]]:
    """By account, the roles of those whose account was open just before this moment, or is now, as the audit log tells."""
    given: dict[int, list[str]] = {}
    closed: set[int] = set()
    for line in audit.all_lines(Search(action="staff", until=moment)):
        number, details = int(line.subject.partition(":")[2] or 0), json.loads(line.details)
        if line.action in ("staff.invite", "staff.set_roles"):
            given[number] = details["roles"] if "roles" in details else details["after"]
        elif line.action == "staff.close":
            closed.add(number)
        elif line.action == "staff.invite_again":
            closed.discard(number)
    return {
        number: [role for role in Role if role in roles]
        for number, roles in given.items()
        if number not in closed
    }


def unlike_audit_log() -> set[int]:
    """The accounts that are open, or have roles, otherwise than the audit log says."""
    logged = roles_at(None)
    stored = {person.id: person.roles for person in people() if person.active}
    return {number for number in logged.keys() | stored.keys() if logged.get(number) != stored.get(number)}


def names() -> dict[str, str]:
    """The names of those who have given one, by their addresses, of closed accounts too."""
    query = select(StaffMember.email, StaffMember.name).where(StaffMember.name != "")
    return {row.email: row.name for row in fetch(query)}


def is_empty() -> bool:
    """Whether nobody was ever invited."""
    return fetch(select(StaffMember.id).limit(1)).first() is None
