"""Where Flask-Security finds and keeps people: each of its writes is a use case of ours, whole in itself.

So there is nothing left for the library to commit at the end of a request (docs/adr/0031).
"""

from typing import Any

from flask import abort
from flask_security import UserMixin, WebAuthnMixin
from flask_security.datastore import UserDatastore

from pledge.accounts import queries, services
from pledge.accounts.models import StaffMember, StaffPasskey, StaffRole
from pledge.staff.access import actor, has_shown_second_factor, mark_second_factor


class NotOurs(NotImplementedError):
    """The library wants to write something that none of its pages here should."""


class StaffDatastore(UserDatastore):
    """The part of the library's datastore that its pages under /staff use."""

    def __init__(self) -> None:
        super().__init__(StaffMember, StaffRole, StaffPasskey)  # type: ignore[arg-type]  # a role need only have a name

    def find_user(self, case_insensitive: bool = False, **by: Any) -> StaffMember | None:
        return queries.member(**by)

    def find_role(self, role: str) -> None:
        """Roles are given by admins, never by the library."""

    def find_webauthn(self, credential_id: bytes) -> StaffPasskey | None:
        return queries.passkey(credential_id)

    def find_user_from_webauthn(self, webauthn: WebAuthnMixin) -> StaffMember | None:
        found = queries.member(**webauthn.get_user_mapping())
        # The library looks whether the account is open and then goes on all the same.
        return found if found is not None and found.active else None

    def create_webauthn(self, user: UserMixin, **credential: Any) -> None:  # type: ignore[override]  # by name, as the library calls it
        """Keep a new passkey. It has just been shown, so who adds one in an enrolment has shown a second factor."""
        first = not has_shown_second_factor()
        try:
            services.add_passkey(actor(), first=first, **{**credential, "extensions": None})
        except services.SecondFactorDue:
            abort(403)
        mark_second_factor()

    def put(self, model: Any) -> Any:
        if not isinstance(model, StaffPasskey):
            raise NotOurs
        services.note_passkey_use(model)
        return model

    def commit(self) -> None:
        """Nothing is pending: see above."""
