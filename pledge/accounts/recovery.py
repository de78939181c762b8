"""Recovery codes: ten codes for when phone and passkey are lost, each good for one sign-in.

Only keyed hashes are stored, so the codes are shown once, when they are made.
"""

import re
import secrets

from pledge.core.encryption import vault

HOW_MANY = 10
#: Without letters and digits that look alike. 24 of them are 118 bits: from 112 on a hash that is quick to make is enough
#: (OWASP ASVS 5.0, 6.5.2).
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _LENGTH = 6, 4


def new_codes() -> list[str]:
    """Ten codes like `k7wq-2m9c-xr4t-h8dn-vp35-6ezg`."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(_GROUPS))
        for _ in range(HOW_MANY)
    ]


def hashes(codes: list[str]) -> list[str]:
    """The keyed hashes of codes, as they are stored."""
    return [_hash(code) for code in codes]


def without(kept: list[str] | None, code: str) -> list[str] | None:
    """The hashes without that of a code that is used; None when the code is not among them."""
    wanted = _hash(code)
    if not kept or wanted not in kept:
        return None
    return [other for other in kept if other != wanted]


def _hash(code: str) -> str:
    plain = re.sub(r"[\W_]+", "", code).lower()
    return vault().keyed_hash(f"recovery code\0{plain}").hex()
