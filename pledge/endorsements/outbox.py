"""Owing a mail about an endorsement, in the caller's transaction: decisions always, what others can ask for within caps."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Boolean, LargeBinary, bindparam, text
from sqlalchemy.orm import Session

from pledge import clock
from pledge.db import UTCDateTime
from pledge.endorsements.models import Endorsement
from pledge.mail.allowance import take_slot
from pledge.mail.models import MailKind, OutboxMail

# Somebody who applies for two organisations in a row gets both mails, the second in the next free slot.
_SLOT = text(
    take_slot(
        ":kind",
        ":campaign_id",
        "WHERE NOT EXISTS (SELECT 1 FROM mail_blocks WHERE address_hash = :address_hash AND until > :now)",
        may_wait=":may_wait",
        is_another="1 = 1",
    )
).bindparams(
    bindparam("address_hash", type_=LargeBinary),
    bindparam("campaign_id", type_=BigInteger),
    bindparam("may_wait", type_=Boolean),
    bindparam("now", type_=UTCDateTime),
)


def slot_for(
    session: Session, address_hash: bytes, campaign_id: int, kind: MailKind, *, may_wait: bool = False
) -> datetime | None:
    """When this address may get this kind of mail: now, later if `may_wait`; None when it may get none."""
    now = clock.now()
    values = {
        "kind": kind.value,
        "campaign_id": campaign_id,
        "address_hash": address_hash,
        "now": now,
        "now_s": int(now.timestamp()),
        "may_wait": may_wait,
    }
    slot = session.execute(_SLOT, values).scalar()
    return None if slot is None else datetime.fromtimestamp(slot, UTC)


def owe(
    session: Session,
    row: Endorsement,
    kind: MailKind,
    *,
    lang: str | None = None,
    seq: int | None = None,
    due_at: datetime | None = None,
) -> None:
    """Owe a mail about this endorsement, without asking the caps; in its own language unless another is given."""
    now = clock.now()
    session.add(
        OutboxMail(
            kind=kind,
            subject_id=row.id,
            seq=seq or row.seq,
            lang=lang or row.lang,
            created_at=now,
            due_at=due_at or now,
        )
    )


def owe_if_allowed(
    session: Session,
    row: Endorsement,
    kind: MailKind,
    *,
    lang: str,
    may_wait: bool = False,
) -> bool:
    """Owe a mail that anybody can ask for, if the address may get one; whether it is owed."""
    due_at = slot_for(session, row.address_hash, row.campaign_id, kind, may_wait=may_wait)
    if due_at is None:
        return False
    owe(session, row, kind, lang=lang, due_at=due_at)
    return True
