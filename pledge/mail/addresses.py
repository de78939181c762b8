"""E-mail addresses: what we mail to, and the canonical form that identifies one person.

Mails go to the address as typed (its domain in ASCII). The canonical form is only hashed, never mailed to. Which provider
ignores what is a small reviewed table (mail/providers.py); for a domain that is not in it only case is ignored, because
two addresses that a provider keeps apart may be two people.
"""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from pledge.core.encryption import vault
from pledge.mail.providers import canonical

MAX_ADDRESS = 254  #: RFC 5321 §4.5.3.1.3, less the angle brackets


class BadAddress(ValueError):
    """Not an address that a mail can be sent to; `internationalized` when only its local part cannot be sent to."""

    def __init__(self, internationalized: bool = False) -> None:
        super().__init__("not an e-mail address")
        self.internationalized = internationalized


@dataclass(frozen=True)
class Address:
    mailed: str  #: local part as typed, domain as IDNA ASCII: what SMTP is given
    canonical: str  #: identifies one person; only its keyed hash is stored


def parse(text: str) -> Address:
    """Check an address by syntax only (RFC 5321/5322, IDNA 2008); no DNS query. Raises BadAddress."""
    if len(text) > MAX_ADDRESS:
        raise BadAddress
    text = text.strip()
    try:
        valid = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise BadAddress(internationalized=not text.partition("@")[0].isascii()) from None
    local, domain = valid.local_part, valid.ascii_domain.lower()
    return Address(mailed=f"{local}@{domain}", canonical=canonical(local, domain))


def address_hash(address: Address) -> bytes:
    """Keyed hash of the person, as far as one mailbox is a person: 32 bytes, useless without the data key."""
    return vault().keyed_hash(address.canonical)


def domain_of(address: Address) -> str:
    """The domain that mails go to, in ASCII and lower case."""
    return address.mailed.rpartition("@")[2]
