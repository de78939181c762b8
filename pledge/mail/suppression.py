"""Addresses that get no mail, as there is no such mailbox or its owner complained (spam): the one that came back and no other.

Anybody can type an address that does not exist beside one that does. So a tag is ignored only where the provider ignores it
(providers.py), and mail to staff is never stopped. It ends by itself, when its owner confirms by another spelling, or when staff
lift it for an address that they type. The pages say the same to everybody, and that this may be why no mail comes.
"""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection, delete, func, or_, select
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import fetch, insert_into, transaction
from pledge.core.encryption import vault
from pledge.core.logs import log
from pledge.mail.models import MailSuppression, Returned
from pledge.mail.providers import exact, without_tag

#: How long such an address gets no mail. Pages and the privacy notice name this time.
SUPPRESSED = timedelta(days=180)

#: What stops further mails.
REASONS = (Returned.NO_MAILBOX, Returned.COMPLAINT)

#: So much of the keyed hash is enough to tell addresses apart, and short enough for a return path.
KEY_BYTES = 10


def exact_hash(address: str) -> bytes:
    """Keyed hash of an address, less what its provider ignores (32 bytes); unrelated to the hash of the person."""
    return vault().keyed_hash(f"address {exact(address)}")


def tags_hash(address: str) -> bytes | None:
    """The hash that all tags of one address share, where its provider may keep them apart; None for an address without one."""
    plain = without_tag(address)
    return None if plain is None else vault().keyed_hash(f"tags {plain}")


def key(address: str) -> bytes:
    """The key of an address in the table."""
    return exact_hash(address)[:KEY_BYTES]


def suppress(session: Session, key: bytes, reason: Returned, *, known: bool) -> None:
    """Send nothing to the address of this key for SUPPRESSED from now, in the caller's transaction; unless `known`, only
    nothing that goes to people who have never confirmed.
    """
    now = clock.now()
    row = {"address": key, "known": known, "reason": reason, "at": now, "until": now + SUPPRESSED}
    # Two reports about one address may come at the same moment.
    statement = insert_into(session.connection(), MailSuppression).values(row)
    is_known = or_(MailSuppression.known, statement.excluded.known)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[MailSuppression.address], set_=row | {"known": is_known}
        )
    )
    log.info("address suppressed", reason=reason.value)


def stop(address: str, reason: Returned, *, known: bool) -> None:
    """The same for an address, in a transaction of its own."""
    with transaction() as session:
        suppress(session, key(address), reason, known=known)


def suppressed(
    connection: Connection | Session, mails: Collection[tuple[str, bool]]
) -> set[tuple[str, bool]]:
    """Those of these mails that may not go out now, each given by its address and whether it is to somebody known."""
    keys = {address: key(address) for address, _ in mails}
    query = select(MailSuppression.address, MailSuppression.known).where(
        MailSuppression.address.in_(set(keys.values())), MailSuppression.until > clock.now()
    )
    known = {bytes(row.address): row.known for row in connection.execute(query)}
    stopped = {address: known[hashed] for address, hashed in keys.items() if hashed in known}
    return {mail for mail in mails if mail[0] in stopped and (stopped[mail[0]] or not mail[1])}


def counts() -> dict[Returned, int]:
    """How many addresses get no mail, by reason."""
    query = (
        select(MailSuppression.reason, func.count())
        .where(MailSuppression.until > clock.now())
        .group_by(MailSuppression.reason)
    )
    return {Returned(reason): number for reason, number in fetch(query)}


def lift(actor: Actor, address: str) -> Returned | None:
    """Send mails to this address again; why there were none, or None when nothing stopped them."""
    statement = (
        delete(MailSuppression)
        .where(MailSuppression.address == key(address), MailSuppression.until > clock.now())
        .returning(MailSuppression.reason)
    )
    with transaction() as session:
        reason = session.scalar(statement)
        if reason is None:
            return None
        record(session, actor, "mail.lift", "mail", reason=reason)
    return Returned(reason)
