"""Signed tokens for mailed links: one salt for each purpose, SHA-256, key rotation, no personal data inside.

The payload is encrypted (AES-GCM) with the same keys, so that a mail and a stolen database together do not lead to a row. Tickets
are encrypted with the data key and not signed (mailed_links/tickets.py).

A token only names a row and its version. Whether it may still be used is decided by the state of the row, never by the string:
base64 has spare bits, so several strings carry one signature. Reading a token raises nothing but BadToken.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from itsdangerous import BadData, Signer, URLSafeSerializer, URLSafeTimedSerializer

from config import Keys, current_config
from pledge.core import clock
from pledge.core.encryption import Vault, derive

MAX_LENGTH = 512
#: How far the clocks of two machines may differ, in either direction.
SKEW = timedelta(minutes=5)


#: Of a mailed link to confirm, and of the code in the same mail. What nobody confirms waits for as long again, in which a new
#: one can be asked for with it.
CONFIRM_LIFETIME = timedelta(days=7)


class Purpose(StrEnum):
    """The purpose of a token and its lifetime. Those without one allow little: tickets, unsubscribe links, a partner's page."""

    lifetime: timedelta | None  #: None if it does not expire

    def __new__(cls, name: str, lifetime: timedelta | None) -> Self:
        purpose = str.__new__(cls, name)
        purpose._value_, purpose.lifetime = name, lifetime
        return purpose

    CONFIRM = "confirm", CONFIRM_LIFETIME
    #: Kept by the browser that confirmed, never in an address: what the page with the thanks shows and asks.
    PRESSED = "pressed", timedelta(days=1)
    MANAGE = "manage", timedelta(days=400)
    UNSUBSCRIBE = "unsubscribe", None
    TICKET = "ticket", None
    ENDORSE_CONFIRM = "endorse_confirm", CONFIRM_LIFETIME
    ENDORSE_CONTACT = "endorse_contact", CONFIRM_LIFETIME
    ENDORSE_PRESSED = "endorse_pressed", timedelta(days=1)
    ENDORSE_MANAGE = "endorse_manage", timedelta(days=400)
    ENDORSE_TICKET = "endorse_ticket", None
    #: As long as a stored file is kept without a row that refers to it.
    UPLOAD = "upload", timedelta(days=1)
    #: When the page of a form was made; it never expires.
    FORM = "form", None
    #: Shows a draft to whoever has it, so it is short-lived.
    PREVIEW = "preview", timedelta(hours=1)
    PARTNER = "partner", None
    #: Long enough for a weekend, no longer: it gives access to the staff area.
    STAFF_INVITATION = "staff_invitation", timedelta(days=3)
    #: Whose page a form was on when the session expired; gives no access.
    STAFF_FORM = "staff_form", timedelta(days=1)
    #: Who last signed in with this browser, to bypass the sign-in's queue; gives no access.
    STAFF_BROWSER = "staff_browser", timedelta(days=90)


Payload = Sequence[int | str]

_MIXED: dict[str, Any] = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
_AS_IS: dict[str, Any] = {**_MIXED, "key_derivation": "none"}


class BadToken(Exception):
    """Not our token, or for another purpose, damaged, too long or signed with a removed key."""


@dataclass(frozen=True)
class Token:
    payload: Payload
    expired: bool
    #: The age of a token with a lifetime; never negative.
    age: timedelta = field(default=timedelta(0), compare=False)


class _SealedJson:
    """A serializer for itsdangerous: payloads to encrypted bytes and back.

    The time of a form's page stays readable, so that all processes make the same page.
    """

    def __init__(self, keys: Keys, purpose: Purpose) -> None:
        self._vault, self._context = Vault(keys), f"token.{purpose}"
        self._is_open = purpose is Purpose.FORM

    def dumps(self, payload: Payload) -> bytes:
        text = json.dumps(payload, separators=(",", ":"))
        return text.encode() if self._is_open else self._vault.seal(text, self._context)

    def loads(self, sealed: bytes) -> Any:
        return json.loads(sealed if self._is_open else self._vault.unseal(sealed, self._context))


def mint(purpose: Purpose, payload: Payload) -> str:
    """A URL-safe token. One with a lifetime contains its time."""
    return str(_serializer(_keys(), purpose).dumps(payload), "ascii")


def expires_at(purpose: Purpose) -> datetime:
    """When a token minted now expires. Raises ValueError for a purpose without a lifetime."""
    if purpose.lifetime is None:
        raise ValueError(f"{purpose} has no lifetime")
    return clock.now() + purpose.lifetime


def read(purpose: Purpose, token: str) -> Token:
    """The payload of a token and whether it has expired. Raises BadToken."""
    if len(token) > MAX_LENGTH:
        raise BadToken
    serializer = _serializer(_keys(), purpose)
    try:
        if not isinstance(serializer, URLSafeTimedSerializer):
            return Token(_checked(serializer.loads(token)), expired=False)
        # itsdangerous would reject a token from a machine whose clock is ahead, so the age is checked here.
        payload, minted_at = serializer.loads(token, return_timestamp=True)
    except (BadData, ValueError, TypeError, OSError, OverflowError, RecursionError):
        # ValueError: a lone surrogate. OSError: a time outside the calendar. RecursionError: deep nesting in a forged payload.
        raise BadToken from None
    age = clock.now() - minted_at
    if age < -SKEW:
        raise BadToken
    expired = purpose.lifetime is not None and age > purpose.lifetime + SKEW
    return Token(_checked(payload), expired, max(age, timedelta(0)))


def code(*parts: int) -> str:
    """Six digits for a row and its version, derived with the newest key and stored nowhere."""
    return _digits("code", _newest(), parts)


def code_matches(given: str, *parts: int) -> bool:
    """Whether these are the six digits for the parts, with any key in use."""
    return _matches("code", given, parts)


def two_digits(*parts: int | str) -> str:
    """Two digits, 10 to 99, for these parts, derived with the newest key and stored nowhere."""
    return _digits("two digits", _newest(), parts)


def two_digits_match(given: str, *parts: int | str) -> bool:
    """Whether these are the two digits for the parts, with any key in use."""
    return _matches("two digits", given, parts)


def _newest() -> str:
    return _keys()[0].get_secret_value()


def _matches(kind: str, given: str, parts: tuple[int | str, ...]) -> bool:
    matches = False
    for key in _keys():  # check every key, so that the time taken does not reveal which one matched
        matches |= hmac.compare_digest(
            given.encode(errors="replace"), _digits(kind, key.get_secret_value(), parts).encode()
        )
    return matches


def _digits(kind: str, master: str, parts: tuple[int | str, ...]) -> str:
    message = "|".join(map(str, parts)).encode()
    digest = hmac.new(_digits_key(master, kind), message, hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    return f"{number % 1_000_000:06d}" if kind == "code" else str(10 + number % 90)


@lru_cache(maxsize=32)
def _digits_key(master: str, kind: str) -> bytes:
    return derive(master, kind)


def _keys() -> Keys:
    return current_config().secret_keys


@lru_cache(maxsize=64)
def _serializer(keys: Keys, purpose: Purpose) -> Any:
    """An URLSafeSerializer or URLSafeTimedSerializer."""
    salt = f"pledge.{purpose}.v1"
    # itsdangerous signs with the last key of its list; ours is newest first. It would derive the key again for each
    # token, so that is done here, once.
    secret = [
        Signer(derive(key.get_secret_value(), f"token.{purpose}"), salt, **_MIXED).derive_key()
        for key in reversed(keys)
    ]
    kind = URLSafeSerializer if purpose.lifetime is None else URLSafeTimedSerializer
    return kind(secret, salt=salt, serializer=_SealedJson(keys, purpose), signer_kwargs=_AS_IS)


def _checked(payload: object) -> Payload:
    if not isinstance(payload, list) or not all(isinstance(part, int | str) for part in payload):
        raise BadToken
    return payload
