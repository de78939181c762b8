"""A return path for each mail (VERP): `bounce+<token>@…`, so that a bounce says which mail it is about, whatever its form.

The token is the number of the mail and a part of the keyed hash of the address, sealed with AES-SIV (RFC 5297): it tells
nobody how many mails went out, nobody can make one, and a bounce is understood when the mail's row is gone. It is base32 in
small letters, as the part before the @ gets folded on the way, and with `bounce+` far below the 64 octets of RFC 5321
section 4.5.3.1.1.
"""

import re
from base64 import b32decode, b32encode
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from config import MAX_BOUNCE_LOCAL, Keys, current_config
from pledge.core.encryption import derive
from pledge.mail.suppression import KEY_BYTES

_ID_BYTES = 6
_CONTEXT = [b"pledge.return-path.v1"]
#: Sixteen octets of SIV, then what is sealed.
_SEALED = 16 + _ID_BYTES + KEY_BYTES
_LETTERS = len(b32encode(bytes(_SEALED)).rstrip(b"="))
assert MAX_BOUNCE_LOCAL + 1 + _LETTERS <= 64  # noqa: S101  # a fact about constants


@dataclass(frozen=True)
class SentMail:
    """The mail that a return path was made for."""

    id: int
    key: bytes  #: of the address that it went to, as suppression.key() gives it


def address(mail_id: int, key: bytes) -> str:
    """The return path of this mail to the address of this key; "" where bounces are not read (PLEDGE_BOUNCE_ADDRESS)."""
    local, at, domain = current_config().bounce_address.partition("@")
    if not at:
        return ""
    sealed = _ciphers(current_config().secret_keys)[0].encrypt(
        mail_id.to_bytes(_ID_BYTES, "big") + key, _CONTEXT
    )
    return f"{local}+{b32encode(sealed).rstrip(b'=').decode().lower()}@{domain}"


def find(message: bytes) -> SentMail | None:
    """The first return path of ours in a message, wherever it stands; None when there is none that we have made."""
    local, at, domain = current_config().bounce_address.partition("@")
    if not at:
        return None
    ours = rf"{re.escape(local)}\+([a-z2-7]{{{_LETTERS}}})@{re.escape(domain)}".encode()
    for token in re.findall(ours, message, re.IGNORECASE):
        if (mail := _read(token)) is not None:
            return mail
    return None


def _read(token: bytes) -> SentMail | None:
    try:
        sealed = b32decode(token.upper() + b"=" * (-len(token) % 8))
    except ValueError:
        return None
    for cipher in _ciphers(current_config().secret_keys):
        try:
            opened = cipher.decrypt(sealed, _CONTEXT)
        except InvalidTag:
            continue
        return SentMail(int.from_bytes(opened[:_ID_BYTES], "big"), opened[_ID_BYTES:])
    return None


@lru_cache(maxsize=8)
def _ciphers(keys: Keys) -> list[AESSIV]:
    return [AESSIV(derive(key.get_secret_value(), "return-path")) for key in keys]
