"""Whether the mail server of the person who speaks for an organisation belongs to a scanner (abuse/mail_servers.py)."""

from sqlalchemy import Connection, LargeBinary, literal, select

from pledge.abuse import mail_servers
from pledge.core.encryption import vault
from pledge.mail.providers import LARGE_PROVIDERS


def note(address: str) -> None:
    """A mail with a link to confirm is written to this address: look its domain up soon."""
    domain = _domain(address)
    if domain not in LARGE_PROVIDERS:
        mail_servers.note(domain_hash(domain), domain)


def is_scanned(connection: Connection, address: str) -> bool:
    hashed = literal(domain_hash(_domain(address)), LargeBinary)
    return bool(connection.scalar(select(mail_servers.scans(hashed))))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def domain_hash(domain: str) -> bytes:
    return vault().keyed_hash(f"mail domain of an organisation {domain}")
