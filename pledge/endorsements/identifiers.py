"""Identifiers that reveal nothing: random numbers, keyed hashes, tokens for links and for the waiting page."""

import hashlib
import secrets
from typing import NamedTuple, Protocol

from pledge.core import tokens
from pledge.core.encryption import vault
from pledge.core.tokens import BadToken, Purpose

_DIGEST = 12


class Mailbox(Protocol):
    """An e-mail address as parsed by the form (signatures/addresses.py, which this package must not import)."""

    @property
    def mailed(self) -> str: ...  #: what SMTP is given
    @property
    def canonical(self) -> str: ...  #: identifies one person


class ConfirmLink(NamedTuple):
    endorsement_id: int
    seq: int
    contact_number: int  #: of the person it was mailed to; invalid for a later one
    expired: bool


def new_id() -> int:
    """A random number of 63 bits, never 0: the two databases' 64-bit integers are signed."""
    return secrets.randbelow(2**63 - 1) + 1


def address_hash(mailbox: Mailbox) -> bytes:
    """Keyed hash of the person, as far as one mailbox is a person; equal to that of their signature."""
    return vault().keyed_hash(mailbox.canonical)


def domain_of(mailbox: Mailbox) -> str:
    return mailbox.mailed.rpartition("@")[2]


def registration_hash(number: str) -> bytes:
    """Keyed hash by which the same business is found again, without the number being readable."""
    return vault().keyed_hash(f"registration number {number}")


#: The end of a ticket that somebody got behind a mailed link, and of one after sending the form.
_BY_LINK, _BY_FORM = " l", " f"


def ticket_for(slug: str, hashed: bytes, name_key: str, *, by_link: bool = False) -> str:
    """The ticket in the address of the waiting page: person and organisation, encrypted, so that it matches no row of a stolen
    database. Tickets of one campaign are equally long, and no two are the same. `by_link`: for whoever opened a mailed
    link and did not send the form now.
    """
    end = _BY_LINK if by_link else _BY_FORM
    return tokens.seal(Purpose.ENDORSE_TICKET, f"{slug} {hashed.hex()} {name_digest(name_key).hex()}{end}")


def read_ticket(slug: str, ticket: str) -> tuple[bytes, bytes]:
    """The address hash and the digest of the name inside a ticket of this campaign. Raises BadToken."""
    of, hashed, digest, *_ = tokens.unseal(Purpose.ENDORSE_TICKET, ticket).split(" ")
    if of != slug:
        raise BadToken
    return bytes.fromhex(hashed), bytes.fromhex(digest)


def is_by_link(ticket: str) -> bool:
    """Whether a ticket was given behind a mailed link. Raises BadToken."""
    return tokens.unseal(Purpose.ENDORSE_TICKET, ticket).endswith(_BY_LINK)


def name_digest(name_key: str) -> bytes:
    """Short enough for an address; it need not hide the name, which the person typed themselves."""
    return hashlib.sha256(name_key.encode()).digest()[:_DIGEST]


def confirm_token(endorsement_id: int, seq: int, contact_number: int) -> str:
    """The token that confirms one version of an application, for the person it is mailed to."""
    return tokens.mint(Purpose.ENDORSE_CONFIRM, [endorsement_id, seq, contact_number])


def read_confirm_token(token: str) -> ConfirmLink:
    """The content of a token to confirm. Raises BadToken."""
    (endorsement_id, seq, contact_number), expired = _numbers(Purpose.ENDORSE_CONFIRM, token, 3)
    return ConfirmLink(endorsement_id, seq, contact_number, expired)


def read_contact_token(token: str) -> tuple[int, int, bool]:
    """Id of the endorsement, number of the person who is to speak for it, and whether the link has expired. Raises BadToken."""
    (endorsement_id, contact_number), expired = _numbers(Purpose.ENDORSE_CONTACT, token, 2)
    return endorsement_id, contact_number, expired


def manage_token(endorsement_id: int, contact_number: int) -> str:
    """The token of an organisation's own page; it becomes invalid when another person takes over."""
    return tokens.mint(Purpose.ENDORSE_MANAGE, [endorsement_id, contact_number])


def read_own_token(token: str, purpose: Purpose = Purpose.ENDORSE_MANAGE) -> tuple[int, int]:
    """Id and person of the endorsement whose own page a link opens. Raises BadToken, also when expired."""
    (endorsement_id, contact_number), expired = _numbers(purpose, token, 2)
    if expired:
        raise BadToken
    return endorsement_id, contact_number


def _numbers(purpose: Purpose, token: str, count: int) -> tuple[list[int], bool]:
    found = tokens.read(purpose, token)
    numbers = [part for part in found.payload if isinstance(part, int) and 0 < part < 2**63]
    if len(found.payload) != count or len(numbers) != count:
        raise BadToken
    return numbers, found.expired
