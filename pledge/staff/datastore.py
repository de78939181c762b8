"""Where Flask-Security finds and keeps people: each of its writes is a use case of ours, whole in itself.

So there is nothing left for the library to commit at the end of a request (docs/adr/0031).
"""

from typing import Any

from flask_security.datastore import UserDatastore

from pledge.accounts import queries
from pledge.accounts.models import StaffMember, StaffPasskey, StaffRole


class StaffDatastore(UserDatastore):  # type: ignore[misc]  # the library has no types
    """The part of the library's datastore that its pages under /staff use."""

    def __init__(self) -> None:
        super().__init__(StaffMember, StaffRole, StaffPasskey)

    def find_user(self, case_insensitive: bool = False, **by: Any) -> StaffMember | None:
        return queries.member(**by)

    def find_role(self, role: str) -> None:
        """Roles are given by admins, never by the library."""

    def find_webauthn(self, credential_id: bytes) -> StaffPasskey | None:
        return queries.passkey(credential_id)

    def put(self, model: Any) -> Any:
        return model

    def commit(self) -> None:
        """Nothing is pending: see above."""
