"""Passkeys (WebAuthn Level 3) by py_webauthn: the options for the browser, and checking its answer.

A passkey is stored on the device, which always verifies its owner (PIN, finger, face), so it is both factors at once and
needs no password. `origin` is the address of the site as browsers see it, without a path.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import or_, update

from config import current_config
from pledge.accounts import queries
from pledge.accounts.models import StaffMember, StaffPasskey
from pledge.core import clock
from pledge.core.db import write_autocommit
from pledge.core.i18n import Phrase

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

#: How long the browser shows its dialogue, in milliseconds.
_TIMEOUT = 60_000


class PasskeyFault(Enum):
    EXPIRED = Phrase("passkey", "That took too long. Please try again.")
    UNREADABLE = Phrase("passkey", "Something was missing in what your browser sent. Please try again.")
    NOT_ACCEPTED = Phrase("passkey", "That passkey could not be used here.")
    IN_USE = Phrase("passkey", "This passkey is in use already.")
    NAME_IN_USE = Phrase("passkey", "You have a passkey of this name already.")


class PasskeyRefused(Exception):
    """A passkey that cannot be used or kept; `fault` says why, its value in words."""

    def __init__(self, fault: PasskeyFault) -> None:
        super().__init__(fault.name)
        self.fault = fault


def registration_options(origin: str, member: StaffMember, challenge: bytes) -> str:
    """The options for `navigator.credentials.create()`, as JSON."""
    import webauthn  # noqa: PLC0415  # 7 MB, which a process needs only once somebody shows it a passkey

    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=_domain(origin),
            rp_name=current_config().issuer,
            user_id=member.passkey_handle.encode(),
            user_name=member.email,
            challenge=challenge,
            timeout=_TIMEOUT,
            authenticator_selection=webauthn.helpers.structs.AuthenticatorSelectionCriteria(
                resident_key=webauthn.helpers.structs.ResidentKeyRequirement.REQUIRED,
                user_verification=webauthn.helpers.structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(member.passkeys),
        )
    )


def check_registration(origin: str, credential: str, challenge: bytes) -> StaffPasskey:
    """Check the browser's answer; a passkey that is not stored and has no name yet. Raises PasskeyRefused."""
    import webauthn  # noqa: PLC0415  # as above

    with _refused(PasskeyFault.UNREADABLE):
        parsed = webauthn.helpers.parse_registration_credential_json(credential)
    with _refused(PasskeyFault.NOT_ACCEPTED):
        verified = webauthn.verify_registration_response(
            credential=parsed,
            expected_challenge=challenge,
            expected_rp_id=_domain(origin),
            expected_origin=origin,
            require_user_verification=True,
        )
    return StaffPasskey(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=[transport.value for transport in parsed.response.transports or []],
    )


def authentication_options(origin: str, challenge: bytes, passkeys: Sequence[StaffPasskey] = ()) -> str:
    """The options for `navigator.credentials.get()`, as JSON. Without `passkeys` the device offers those it has.

    No address is asked first: a list of passkeys for it would reveal that it has an account.
    """
    import webauthn  # noqa: PLC0415  # as above

    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=_domain(origin),
            challenge=challenge,
            timeout=_TIMEOUT,
            allow_credentials=_descriptors(passkeys),
            user_verification=webauthn.helpers.structs.UserVerificationRequirement.REQUIRED,
        )
    )


def check(origin: str, credential: str, challenge: bytes, asked_at: datetime) -> StaffMember:
    """Check the answer to a challenge, once, and record the use. Returns the person. Raises PasskeyRefused, also if the account is closed."""
    import webauthn  # noqa: PLC0415  # as above

    with _refused(PasskeyFault.UNREADABLE):
        parsed = webauthn.helpers.parse_authentication_credential_json(credential)
    passkey = queries.passkey(parsed.raw_id)
    member = None if passkey is None else queries.member(id=passkey.staff_id, active=True)
    handle = parsed.response.user_handle
    if passkey is None or member is None or handle not in (None, b"", member.passkey_handle.encode()):
        raise PasskeyRefused(PasskeyFault.NOT_ACCEPTED)
    with _refused(PasskeyFault.NOT_ACCEPTED):
        verified = webauthn.verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge,
            expected_rp_id=_domain(origin),
            expected_origin=origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    _note_use(passkey.id, verified.new_sign_count, asked_at)
    return member


def _domain(origin: str) -> str:
    """The site as authenticators know it."""
    return urlsplit(origin).hostname or ""


@contextmanager
def _refused(fault: PasskeyFault) -> Iterator[None]:
    """Refuse an answer for which py_webauthn raises something, as it is wrong or malformed."""
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415  # as above

    try:
        yield
    except (WebAuthnException, ValueError, KeyError, TypeError, RecursionError):
        raise PasskeyRefused(fault) from None


def _note_use(passkey_id: int, count: int, asked_at: datetime) -> None:
    """Record a use. Guarded: an answer to what was asked before the last use is not accepted, as it may be the same one again; nor
    one whose count does not rise, or of a removed passkey.
    """
    use = (
        update(StaffPasskey)
        .where(
            StaffPasskey.id == passkey_id,
            StaffPasskey.last_used_at <= asked_at,
            or_(StaffPasskey.sign_count < count, StaffPasskey.sign_count == 0),
        )
        .values(sign_count=count, last_used_at=clock.now())
    )
    if write_autocommit(lambda connection: connection.execute(use).rowcount) != 1:
        raise PasskeyRefused(PasskeyFault.NOT_ACCEPTED)


def _descriptors(passkeys: Sequence[StaffPasskey]) -> "list[PublicKeyCredentialDescriptor]":
    import webauthn  # noqa: PLC0415  # as above

    return [
        webauthn.helpers.structs.PublicKeyCredentialDescriptor(
            id=passkey.credential_id,
            transports=[
                webauthn.helpers.structs.AuthenticatorTransport(transport)
                for transport in passkey.transports or []
            ]
            or None,
        )
        for passkey in passkeys
    ]
