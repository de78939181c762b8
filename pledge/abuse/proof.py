"""Proof of work by the ALTCHA library (its version 2): a browser finds the one number among some hundred whose key begins as
the challenge says. It takes a phone some tenths of a second, and makes thousands of forms cost what thousands of them cost.

A challenge is bound by its signature to what it was asked for, and works for five minutes. The library does not remember
solutions; whoever accepts one has to (`challenge_of`).
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

import altcha

from config import current_config
from pledge.core import clock
from pledge.core.encryption import derive

LIFETIME = timedelta(minutes=5)
#: Characters of a solution, which contains its challenge; ours have about 700.
MAX_LENGTH = 2_000

ALGORITHM = "PBKDF2/SHA-256"
#: Rounds for each number that is tried, and the numbers between which the right one lies.
ROUNDS = 2_000
FIRST, LAST = 100, 300


class Fault(StrEnum):
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"  #: not ours, or asked for by another form
    EXPIRED = "expired"
    WRONG = "wrong"  #: not the solution of its challenge


class BadSolution(ValueError):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def challenge(purpose: str) -> dict[str, Any]:
    """A new challenge for one purpose, as the browser reads it."""
    sign_key, key_key = _keys(current_config().secret_keys[0].get_secret_value(), purpose)
    made = altcha.create_challenge(
        ALGORITHM,
        ROUNDS,
        counter=FIRST + secrets.randbelow(LAST - FIRST + 1),
        expires_at=clock.now() + LIFETIME,
        hmac_secret=sign_key,
        hmac_key_secret=key_key,
    )
    return made.to_dict()


def check(purpose: str, solution: str) -> str:
    """The name of the challenge that was solved, by which it can be remembered. Raises BadSolution."""
    payload = _read(solution)
    result = None
    for master in current_config().secret_keys:
        sign_key, key_key = _keys(master.get_secret_value(), purpose)
        result = altcha.verify_solution(payload, sign_key, hmac_key_secret=key_key)
        if not result.invalid_signature:
            break
    if result is None or result.invalid_signature:
        raise BadSolution(Fault.FOREIGN)
    if result.expired or _expires_at(payload) < clock.now():
        raise BadSolution(Fault.EXPIRED)
    if not result.verified:
        raise BadSolution(Fault.WRONG)
    return str(payload.challenge.signature)


def _read(solution: str) -> altcha.Payload:
    if not solution or len(solution) > MAX_LENGTH:
        raise BadSolution(Fault.UNREADABLE)
    try:
        return altcha.Payload.from_base64(solution)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadSolution(Fault.UNREADABLE) from None


def _expires_at(payload: altcha.Payload) -> datetime:
    """Of a challenge whose signature is ours. The library compares it with the machine's own clock."""
    return datetime.fromtimestamp(payload.challenge.parameters.expires_at or 0, UTC)


def _keys(master: str, purpose: str) -> tuple[bytes, bytes]:
    """The keys that sign challenges, and solutions, of one purpose."""
    sign, solution = (
        hmac.digest(_base(master), f"{what} {purpose}".encode(), "sha256")
        for what in ("challenge", "solution")
    )
    return sign, solution


@lru_cache(maxsize=16)
def _base(master: str) -> bytes:
    return derive(master, "proof of work")
