"""How the names and addresses of sign-ups are built, without a word about who they are (abuse/shapes.py)."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import LargeBinary, type_coerce

from pledge.abuse.shapes import address_shape, shape
from pledge.core.encryption import Unreadable, vault
from pledge.signatures.models import EMAIL_CONTEXT, NAME_CONTEXT, Signature

#: Address and name as they are stored: a row that no key opens must not take a page away.
SEALED = (type_coerce(Signature.email, LargeBinary), type_coerce(Signature.name, LargeBinary))

#: Shapes, and how often each was found.
Shapes = list[tuple[str, int]]


def most_frequent(sealed: Iterable[tuple[bytes, bytes]], domain: str, most: int) -> tuple[Shapes, Shapes]:
    """The most frequent shapes of addresses, at `domain`, and of names."""
    unseal, addresses, names = vault().unseal, Counter[str](), Counter[str]()
    for email, name in sealed:
        with suppress(Unreadable):
            addresses[address_shape(unseal(bytes(email), EMAIL_CONTEXT), domain)] += 1
            names[shape(unseal(bytes(name), NAME_CONTEXT))] += 1
    return addresses.most_common(most), names.most_common(most)
