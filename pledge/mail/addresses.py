"""E-mail addresses: what we mail to, and the canonical form that identifies one person.

Mails go to the address as typed (its domain in ASCII). The canonical form is only hashed, never mailed to. Which provider
ignores what is a small reviewed table (mail/providers.py); for a domain that is not in it only case is ignored, because
two addresses that a provider keeps apart may be two people.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from pledge.core.encryption import vault
from pledge.mail.providers import canonical

MAX_ADDRESS = 254  #: RFC 5321 §4.5.3.1.3, less the angle brackets
_MAX_LOCAL = 64  #: RFC 5321 §4.5.3.1.1

#: Most people's local parts. No capitals, as the library changes those of names like Postmaster (RFC 2142).
_PLAIN_LOCAL = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")


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
    local, _, domain = text.rpartition("@")
    if _is_plain(local, domain) and (known := _ascii_domain(domain)):
        return Address(mailed=f"{local}@{known}", canonical=canonical(local, known))
    try:
        valid = _valid(text)
    except EmailNotValidError:
        raise BadAddress(internationalized=not text.partition("@")[0].isascii()) from None
    local, domain = valid.local_part, valid.ascii_domain.lower()
    return Address(mailed=f"{local}@{domain}", canonical=canonical(local, domain))


def _is_plain(local: str, domain: str) -> bool:
    """Whether the library would check the domain alone and change nothing in the part before it."""
    return (
        len(local) <= _MAX_LOCAL
        and _PLAIN_LOCAL.fullmatch(local) is not None
        and domain.isascii()
        and "xn--" not in domain.lower()
    )


def _valid(text: str) -> ValidatedEmail:
    return validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)


@lru_cache(maxsize=1024)
def _ascii_domain(domain: str) -> str | None:
    """The domain in ASCII; None when the library refuses it. Cached, as most people share few domains."""
    try:
        return _valid(f"a@{domain}").ascii_domain.lower()
    except EmailNotValidError:
        return None


def address_hash(address: Address) -> bytes:
    """Keyed hash of the person, as far as one mailbox is a person: 32 bytes, useless without the data key."""
    return vault().keyed_hash(address.canonical)


def domain_of(address: Address) -> str:
    """The domain that mails go to, in ASCII and lower case."""
    return address.mailed.rpartition("@")[2]
