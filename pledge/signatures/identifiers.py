"""Names for a signature that tell nothing: random numbers, keyed hashes, and the ticket of the waiting page."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from pledge import tokens
from pledge.crypto import vault
from pledge.signatures.addresses import Address
from pledge.tokens import BadToken, Purpose


def new_id() -> int:
    """A random number of 63 bits, never 0: the two databases' 64-bit integers are signed."""
    return secrets.randbelow(2**63 - 1) + 1


def address_hash(address: Address) -> bytes:
    """The person, as far as one mailbox is a person: 32 bytes, useless without the data key."""
    return vault().keyed_hash(address.canonical)


def ticket_for(slug: str, hashed: bytes) -> str:
    """What the waiting page's address carries. The same person always gets the same one, whatever is stored."""
    return tokens.mint(Purpose.TICKET, [slug, urlsafe_b64encode(hashed).decode()])


def read_ticket(slug: str, ticket: str) -> bytes:
    """The address hash inside a ticket of this campaign. Raises BadToken."""
    payload = tokens.read(Purpose.TICKET, ticket).payload
    if len(payload) != 2 or payload[0] != slug:
        raise BadToken
    try:
        return urlsafe_b64decode(str(payload[1]))
    except ValueError:
        raise BadToken from None


def read_confirm_token(token: str) -> tuple[int, int, bool]:
    """Id and version of the signature that a mailed link confirms, and whether its time is over. Raises BadToken."""
    found = tokens.read(Purpose.CONFIRM, token)
    signature_id, seq = _numbers(found.payload, 2)
    return signature_id, seq, found.expired


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
