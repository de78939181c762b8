"""Encryption of personal data in the database: AES-256-GCM for values, keyed hashes for look-ups.

A stored value is `key id (4 bytes) || nonce (12) || ciphertext and tag`. The context (table.column) is authenticated
with it, so a value moved to another column does not open. Keys come from PLEDGE_DATA_KEYS, newest first: the newest
seals, every one opens. Look-up hashes use the LAST key, which must stay when newer ones are added, else one person could
sign twice (docs/adr/0006). Columns with such values: pledge/core/db/encrypted_columns.py.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from config import Keys, current_config

_NONCE = 12
_KEY_ID = 4


class Unreadable(Exception):
    """No configured key opens this value."""


def derive(master: str, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF-SHA256, RFC 5869), so that no key serves two purposes."""
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(master.encode())


class Vault:
    """The data keys of one application."""

    def __init__(self, keys: Keys) -> None:
        masters = [key.get_secret_value() for key in keys]
        derived = [derive(master, "seal") for master in masters]
        self._ciphers = {hashlib.sha256(key).digest()[:_KEY_ID]: AESGCM(key) for key in derived}
        #: The prefix of values sealed with the newest key.
        self.newest = next(iter(self._ciphers))
        self._hash_key = derive(masters[-1], "lookup")

    def seal(self, text: str, context: str) -> bytes:
        return self.seal_bytes(text.encode(), context)

    def seal_bytes(self, data: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        cipher = self._ciphers[self.newest]
        return self.newest + nonce + cipher.encrypt(nonce, data, context.encode())

    def unseal(self, sealed: bytes, context: str) -> str:
        """Raises Unreadable."""
        try:
            return self.unseal_bytes(sealed, context).decode()
        except UnicodeDecodeError:
            raise Unreadable(f"damaged value in {context}") from None

    def unseal_bytes(self, sealed: bytes, context: str) -> bytes:
        """Raises Unreadable."""
        key_id, nonce, rest = sealed[:_KEY_ID], sealed[_KEY_ID : _KEY_ID + _NONCE], sealed[_KEY_ID + _NONCE :]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unreadable(f"no data key for {context}")
        try:
            return cipher.decrypt(nonce, rest, context.encode())
        except (InvalidTag, ValueError):  # ValueError: too short for a nonce
            raise Unreadable(f"damaged value in {context}") from None

    def keyed_hash(self, text: str) -> bytes:
        """HMAC-SHA256 of a text, 32 bytes. Without the key nobody can test a guess."""
        return hmac.digest(self._hash_key, text.encode(), "sha256")


def vault() -> Vault:
    """The vault of the current application."""
    configured: Vault | None = current_app.extensions.get("pledge.vault")
    if configured is None:
        configured = current_app.extensions["pledge.vault"] = _vault(current_config().data_keys)
    return configured


@lru_cache(maxsize=8)
def _vault(keys: Keys) -> Vault:
    return Vault(keys)
