"""Mailboxes that get no mail, as there is none or its owner complained (spam). The key is a part of the hash of the mailbox.

It ends by itself, or staff lift it for an address that they type. The pages say the same to everybody, and that this may be
why no mail comes.
"""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection, LargeBinary, bindparam, delete, func, select, text
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.db.types import UTCDateTime
from pledge.core.encryption import vault
from pledge.core.logs import log
from pledge.mail.models import MailSuppression, Returned
from pledge.mail.providers import mailbox

#: How long such a mailbox gets no mail. Pages and the privacy notice name this time.
SUPPRESSED = timedelta(days=180)

#: What stops further mails.
REASONS = (Returned.NO_MAILBOX, Returned.COMPLAINT)

#: So much of the keyed hash is enough to tell mailboxes apart, and short enough for a return path.
KEY_BYTES = 10


#: Two reports about one mailbox may come at the same moment.
_SUPPRESS = text("""
    INSERT INTO mail_suppressions (mailbox, reason, at, until) VALUES (:mailbox, :reason, :now, :until)
    ON CONFLICT (mailbox) DO UPDATE SET reason = excluded.reason, at = excluded.at, until = excluded.until
""").bindparams(
    bindparam("mailbox", type_=LargeBinary),
    bindparam("now", type_=UTCDateTime),
    bindparam("until", type_=UTCDateTime),
)


def mailbox_hash(address: str) -> bytes:
    """Keyed hash of the mailbox, the address without its +tag (32 bytes); unrelated to the hash of the person."""
    return vault().keyed_hash(f"mailbox {mailbox(address)}")


def key(mailbox_hash: bytes) -> bytes:
    """The key of a mailbox in the table."""
    return mailbox_hash[:KEY_BYTES]


def suppress(session: Session, mailbox: bytes, reason: Returned) -> None:
    """Send nothing to the mailbox of this key for SUPPRESSED from now, in the caller's transaction."""
    now = clock.now()
    row = {"mailbox": mailbox, "reason": reason.value, "now": now, "until": now + SUPPRESSED}
    session.execute(_SUPPRESS, row)
    log.info("mailbox suppressed", reason=reason.value)


def stop(address: str, reason: Returned) -> None:
    """The same for the mailbox of an address, in a transaction of its own."""
    with transaction() as session:
        suppress(session, key(mailbox_hash(address)), reason)


def suppressed(addresses: Collection[str]) -> set[str]:
    """Those of these addresses that no mail may go to now."""
    keys = {address: key(mailbox_hash(address)) for address in addresses}
    with reading() as connection:
        found = suppressed_keys(connection, keys.values())
    return {address for address, mailbox in keys.items() if mailbox in found}


def suppressed_keys(connection: Connection | Session, keys: Collection[bytes]) -> set[bytes]:
    """Those of these keys whose mailboxes no mail may go to now."""
    query = select(MailSuppression.mailbox).where(
        MailSuppression.mailbox.in_(set(keys)), MailSuppression.until > clock.now()
    )
    return {bytes(mailbox) for mailbox in connection.execute(query).scalars()}


def counts() -> dict[Returned, int]:
    """How many mailboxes get no mail, by reason."""
    query = (
        select(MailSuppression.reason, func.count())
        .where(MailSuppression.until > clock.now())
        .group_by(MailSuppression.reason)
    )
    with reading() as connection:
        return {Returned(reason): number for reason, number in connection.execute(query)}


def lift(actor: Actor, address: str) -> Returned | None:
    """Send mails to the mailbox of this address again; why there were none, or None when nothing stopped them."""
    statement = (
        delete(MailSuppression)
        .where(MailSuppression.mailbox == key(mailbox_hash(address)), MailSuppression.until > clock.now())
        .returning(MailSuppression.reason)
    )
    with transaction() as session:
        reason = session.scalar(statement)
        if reason is None:
            return None
        record(session, actor, "mail.lift", "mail", reason=reason)
    return Returned(reason)
