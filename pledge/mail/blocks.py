"""Addresses whose owner said "this was not me" get no mail of any kind for a while (docs/adr/0009).

The worker asks for each mail that it is about to send (mail/services.py). Whoever enqueues or counts mails asks too, where
a mail that is dropped later would use up a cap, keep an address or be counted.
"""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.encryption import vault
from pledge.mail.models import MailBlock
from pledge.mail.providers import canonical

#: How long such an address gets no mail. Pages name this time.
BLOCK = timedelta(days=30)


def may_be_written_to(
    address_hash: ColumnElement[bytes] | InstrumentedAttribute[bytes],
) -> ColumnElement[bool]:
    """SQL: whether mails may go to the address of this hash now."""
    return ~exists().where(MailBlock.address_hash == address_hash, MailBlock.until > clock.now())


def is_blocked(session: Session, address_hash: bytes) -> bool:
    """Whether no mail may go to the address of this hash now."""
    return bool(blocked_hashes(session, [address_hash]))


def blocked(addresses: Collection[str]) -> set[str]:
    """Those of these addresses that no mail may go to now."""
    hashes = {address: address_hash(address) for address in addresses}
    with reading() as connection:
        found = blocked_hashes(connection, hashes.values())
    return {address for address, hashed in hashes.items() if hashed in found}


def blocked_hashes(connection: Connection | Session, hashes: Collection[bytes]) -> set[bytes]:
    """Those of these hashes whose addresses no mail may go to now."""
    query = select(MailBlock.address_hash).where(
        MailBlock.address_hash.in_(set(hashes)), MailBlock.until > clock.now()
    )
    return {bytes(hashed) for hashed in connection.execute(query).scalars()}


def block(session: Session, address_hash: bytes, subject_id: int | None = None) -> None:
    """Send nothing to the address of this hash for BLOCK from now, in the caller's transaction.

    `subject_id`: the random number of what the mail was about in which its owner said so; a link of that mail lifts the block (lift).
    """
    until = clock.now() + BLOCK
    session.merge(MailBlock(address_hash=bytes(address_hash), until=until, subject_id=subject_id))


def is_blocked_by(subject_id: int) -> bool:
    """Whether an address is blocked that its owner said so about in a mail about this."""
    query = select(MailBlock.address_hash).where(
        MailBlock.subject_id == subject_id, MailBlock.until > clock.now()
    )
    with reading() as connection:
        return connection.execute(query).first() is not None


def lift(subject_id: int) -> bool:
    """Mails may go to that address again. False when it is not blocked (any more)."""
    with transaction() as session:
        lifted = delete(MailBlock).where(MailBlock.subject_id == subject_id)
        return session.execute(lifted.returning(MailBlock.address_hash)).first() is not None


def address_hash(address: str) -> bytes:
    """Keyed hash of the canonical form of an address (32 bytes): the same as for signatures and endorsements."""
    local, _, domain = address.rpartition("@")
    return vault().keyed_hash(canonical(local, domain))
