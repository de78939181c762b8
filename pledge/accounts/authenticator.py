"""Codes of an authenticator app (TOTP, RFC 6238): six digits, thirty seconds, each used once."""

from datetime import timedelta

from passlib.exc import TokenError
from passlib.totp import TOTP
from sqlalchemy import or_, update

from config import current_config
from pledge.accounts.models import StaffMember
from pledge.core import clock
from pledge.core.db import write_autocommit
from pledge.core.text.lines import six_digits

#: A phone's clock may be off by one step in either direction.
_WINDOW = timedelta(seconds=30)

_factory = TOTP.using(alg="sha1", digits=6, period=30)


def new_secret() -> str:
    """A secret as it is stored: JSON, which the column encrypts."""
    return str(_factory.new().to_json(encrypt=False))


def address(secret: str, email: str) -> str:
    """The otpauth:// address that an app scans; the app shows the site's name beside the code."""
    return str(_factory.from_source(secret).to_uri(label=email, issuer=current_config().issuer))


def readable(secret: str) -> str:
    """The key for typing in: groups of four."""
    return str(_factory.from_source(secret).pretty_key())


def step_of(secret: str, code: str) -> int | None:
    """The thirty-second step that the digits belong to; None when they match none of the steps around now."""
    digits = six_digits(code)
    if digits is None:
        return None
    try:
        found = _factory.from_source(secret).match(
            digits, time=clock.now(), window=int(_WINDOW.total_seconds())
        )
    except TokenError:
        return None
    return int(found.counter)


def use(staff_id: int, secret: str, code: str) -> bool:
    """Whether the code is right, and neither it nor a later one was used before. Using it up is part of the check."""
    step = step_of(secret, code)
    if step is None:
        return False
    # Guarded: of two requests with one code, only one succeeds.
    take = (
        update(StaffMember)
        .where(
            StaffMember.id == staff_id,
            or_(StaffMember.totp_step.is_(None), StaffMember.totp_step < step),
        )
        .values(totp_step=step)
    )
    return write_autocommit(lambda connection: connection.execute(take).rowcount) == 1
