"""Proof of work by the ALTCHA library (its version 2): a browser finds the one number among some hundred whose key begins as
the challenge says. Each try fills two megabytes (scrypt), so that graphics cards do not make it cheap.

Processor time, measured on 29 November 2026: a try takes 4.5 ms in C and 8 ms in a browser on a computer. A robot pays 0.4 s
for a proof, the site one try for asking and 0.05 ms for checking.

A challenge is bound by its signature to what it was asked for, and works for five minutes. The library does not remember
solutions; whoever accepts one has to (velocity.first_time).
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

#: N and r of scrypt: 128 · N · r bytes of memory.
COST, BLOCK_SIZE = 2_048, 8
#: The right number is one of 0 to LAST (proof-of-work.js has it too). A robot tries half of them on average, by whatever order.
LAST = 180


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
        "SCRYPT",
        COST,
        memory_cost=BLOCK_SIZE,
        parallelism=1,
        counter=secrets.randbelow(LAST + 1),
        expires_at=clock.now() + LIFETIME,
        hmac_secret=sign_key,
        hmac_key_secret=key_key,
    )
    return made.to_dict()


def check(purpose: str, solution: str) -> str:
    """The name of the challenge that was solved, by which it can be remembered. Raises BadSolution."""
    payload = _read(solution)
    for master in current_config().secret_keys:
        sign_key, key_key = _keys(master.get_secret_value(), purpose)
        result = altcha.verify_solution(payload, sign_key, hmac_key_secret=key_key)
        if not result.invalid_signature:
            break
    else:
        raise BadSolution(Fault.FOREIGN)
    # The library compares it with the machine's own clock.
    expires_at = datetime.fromtimestamp(payload.challenge.parameters.expires_at or 0, UTC)
    if result.expired or expires_at < clock.now():
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
