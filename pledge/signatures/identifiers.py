"""Identifiers that reveal nothing: random numbers, keyed hashes, and the ticket of the waiting page."""

import secrets
from collections.abc import Iterable

from pledge.core import tokens
from pledge.core.encryption import vault
from pledge.core.tokens import BadToken, Purpose
from pledge.signatures.addresses import Address


def new_id() -> int:
    """A random number of 63 bits, never 0: the two databases' 64-bit integers are signed."""
    return secrets.randbelow(2**63 - 1) + 1


def address_hash(address: Address) -> bytes:
    """Keyed hash of the person, as far as one mailbox is a person: 32 bytes, useless without the data key."""
    return vault().keyed_hash(address.canonical)


def content_hash(parts: Iterable[object]) -> bytes:
    """One submission's content, 32 bytes: equal for equal parts, useless without the data key."""
    return vault().keyed_hash(f"content {tuple(parts)!r}")


#: The end of a ticket that somebody got behind a mailed link, and of one after sending the form.
_BY_LINK, _BY_FORM = " l", " f"


def ticket_for(slug: str, signature_id: int, *, by_link: bool = False) -> str:
    """The ticket in the address of the waiting page: one submission, encrypted, so that it matches no row of a stolen database.

    Tickets of one campaign are equally long, and no two are the same. `by_link`: for whoever opened a mailed link and did
    not send the form now.
    """
    end = _BY_LINK if by_link else _BY_FORM
    return tokens.seal(Purpose.TICKET, f"{slug} {signature_id:019d}{end}")


def read_ticket(slug: str, ticket: str) -> int:
    """Id of the submission that a ticket of this campaign belongs to. Raises BadToken."""
    of, signature_id, *_ = tokens.unseal(Purpose.TICKET, ticket).split(" ")
    if of != slug:
        raise BadToken
    return int(signature_id)


def is_by_link(ticket: str) -> bool:
    """Whether a ticket was given behind a mailed link. Raises BadToken."""
    return tokens.unseal(Purpose.TICKET, ticket).endswith(_BY_LINK)


def read_confirm_token(token: str) -> tuple[int, bool]:
    """Id of the submission that a mailed link confirms, and whether the link has expired. Raises BadToken."""
    found = tokens.read(Purpose.CONFIRM, token)
    (signature_id,) = _numbers(found.payload, 1)
    return signature_id, found.expired


def read_own_token(purpose: Purpose, token: str) -> int:
    """Id of the signature whose own page (or unsubscribe page) a link opens. Raises BadToken, also when expired."""
    found = tokens.read(purpose, token)
    if found.expired:
        raise BadToken
    (signature_id,) = _numbers(found.payload, 1)
    return signature_id


def _numbers(payload: tokens.Payload, count: int) -> list[int]:
    numbers = [part for part in payload if isinstance(part, int) and 0 < part < 2**63]
    if len(payload) != count or len(numbers) != count:
        raise BadToken
    return numbers
