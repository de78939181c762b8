"""Codes of an authenticator app (TOTP, RFC 6238): six digits, thirty seconds, each used once.

Also the recovery codes for when phone and passkey are lost: ten, each good for one sign-in. Only their keyed hashes are stored,
so they are shown once, when they are made.
"""

import re
import secrets
from datetime import timedelta

from passlib.exc import TokenError
from passlib.totp import TOTP
from sqlalchemy import or_, update

from config import current_config
from pledge.accounts.models import StaffMember
from pledge.core import clock
from pledge.core.db import write_autocommit
from pledge.core.encryption import vault
from pledge.core.text.lines import typed_digits

#: A phone's clock may be off by one step in either direction.
_WINDOW = timedelta(seconds=30)

RECOVERY_CODES = 10
#: Without letters and digits that look alike. 24 of them are 118 bits: from 112 on a hash that is quick to make is enough
#: (OWASP ASVS 5.0, 6.5.2).
_RECOVERY_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_RECOVERY_GROUPS, _GROUP_LENGTH = 6, 4

_factory = TOTP.using(alg="sha1", digits=6, period=30)


def new_secret() -> str:
    """A secret as it is stored: JSON, which the column encrypts."""
    return str(_factory.new().to_json(encrypt=False))


def otpauth_address(secret: str, email: str) -> str:
    """The otpauth:// address that an app scans; the app shows the site's name beside the code."""
    return str(_factory.from_source(secret).to_uri(label=email, issuer=current_config().issuer))


def grouped_secret(secret: str) -> str:
    """The key for typing in: groups of four."""
    return str(_factory.from_source(secret).pretty_key())


def step_of(secret: str, code: str) -> int | None:
    """The thirty-second step of these digits; None if they match no step around now."""
    digits = typed_digits(code, 6)
    if not digits:
        return None
    try:
        match = _factory.from_source(secret).match(
            digits, time=clock.now(), window=int(_WINDOW.total_seconds())
        )
    except TokenError:
        return None
    return int(match.counter)


def use(staff_id: int, secret: str, code: str) -> bool:
    """Whether the code is right and newer than any used one. Uses it up."""
    step = step_of(secret, code)
    if step is None:
        return False
    # Guarded: of two requests with one code, only one succeeds.
    use_up = (
        update(StaffMember)
        .where(
            StaffMember.id == staff_id,
            or_(StaffMember.totp_step.is_(None), StaffMember.totp_step < step),
        )
        .values(totp_step=step)
    )
    return write_autocommit(lambda connection: connection.execute(use_up).rowcount) == 1


def new_recovery_codes() -> list[str]:
    """Ten codes like `k7wq-2m9c-xr4t-h8dn-vp35-6ezg`."""
    return [
        "-".join(
            "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(_GROUP_LENGTH))
            for _ in range(_RECOVERY_GROUPS)
        )
        for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(code: str) -> str:
    """The keyed hash of a code, as it is stored."""
    plain = re.sub(r"[\W_]+", "", code).lower()
    return vault().keyed_hash(f"recovery code\0{plain}").hex()
