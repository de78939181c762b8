"""Members of staff."""

import secrets
from typing import Any

from pledge.accounts import authenticator, passwords
from pledge.accounts import queries as accounts
from pledge.accounts.models import StaffMember, StaffRole
from pledge.accounts.roles import Role
from pledge.audit.models import Actor
from pledge.core import clock
from pledge.core.db import transaction
from tests.support.factories.numbers import next_number

#: Two members of staff who may invalidate.
ANNA = Actor(1, "anna@example.org", "203.0.113.1")
BORA = Actor(2, "bora@example.org", "203.0.113.2")
#: One who edits campaigns.
EDITOR = Actor(None, "editor@example.org", "192.0.2.1")


def staff(role: str | None = "admin", email: str | None = None, **facts: Any) -> StaffMember:
    """A member of staff with one role (or none), who has taken up the invitation and set up an authenticator.

    `password="…"` gives one that can be typed; otherwise nobody knows it.
    """
    number = next_number()
    password = facts.pop("password", None)
    row = StaffMember(
        **{
            "email": email or f"staff{number}@example.org",
            "lang": "ko",
            "active": True,
            "password": passwords.hashed(password) if password else "$argon2id$unknown",
            "passkey_handle": secrets.token_hex(32),
            "totp_secret": authenticator.new_secret(),
            "recovery_codes": [],
            "created_at": clock.now(),
            **facts,
        }
    )
    row.given_roles = [StaffRole(role=Role(role))] if role else []
    with transaction() as session:
        session.add(row)
    return member_of_staff(row.id)


def member_of_staff(staff_id: int) -> StaffMember:
    """The row as it is now, detached."""
    found = accounts.member(id=staff_id)
    assert found is not None
    return found
