"""The caps on what one mailbox receives, over all campaigns: one mail of a kind in ten minutes, three in a day, and five
to confirm in thirty days while nobody at that address has ever confirmed.

A mailbox is an address without its +tag (mail/providers.py), so inventing tags does not get around the caps. A slot is one
guarded upsert, so the caps hold in a race, over any number of machines and without any cache. A mail that anybody can ask
for may be given the next free slot within two days instead of being refused; it is sent then.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, FromClause, LargeBinary, bindparam, exists, select, text
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.mail.blocks import is_blocked
from pledge.mail.suppression import is_suppressed

PAUSE_SECONDS = 10 * 60
DAY_SECONDS = 24 * 60 * 60
#: How far ahead the slot of a mail may lie. Pages name this time.
PATIENCE_SECONDS = 2 * DAY_SECONDS
#: Mails to confirm that an address gets within UNCONFIRMED_WINDOW while nobody there has ever confirmed anything.
MAX_UNCONFIRMED = 5
UNCONFIRMED_WINDOW = timedelta(days=30)
#: No cap of that kind: for addresses that have confirmed once, and for other mails.
_UNCAPPED = 2**31 - 1

_WINDOW_SECONDS = int(UNCONFIRMED_WINDOW.total_seconds())

#: The earliest moment at which the address may be written to again, from the row `a` of mail_allowances.
_FREE_AT = f"""
      CASE WHEN a.third IS NOT NULL AND a.third + {DAY_SECONDS} > a.last + {PAUSE_SECONDS}
           THEN a.third + {DAY_SECONDS} ELSE a.last + {PAUSE_SECONDS} END"""
_WINDOW_ENDED = f"a.first + {_WINDOW_SECONDS} <= excluded.last"

_TAKE_SLOT = text(
    f"""
    INSERT INTO mail_allowances AS a (address_hash, kind, last, first, mails)
    VALUES (:mailbox_hash, :kind, :now_s, :now_s, 1)
    ON CONFLICT (address_hash, kind) DO UPDATE
       SET third = a.second, second = a.last,
           last = CASE WHEN {_FREE_AT} > excluded.last THEN {_FREE_AT} ELSE excluded.last END,
           first = CASE WHEN {_WINDOW_ENDED} THEN excluded.last ELSE a.first END,
           mails = CASE WHEN {_WINDOW_ENDED} THEN 1 ELSE a.mails + 1 END
     WHERE {_FREE_AT} <= excluded.last + :patience AND (a.mails < :max_mails OR {_WINDOW_ENDED})
    RETURNING last AS slot"""  # noqa: S608  # only constants are put into the text; values are bound
).bindparams(
    bindparam("mailbox_hash", type_=LargeBinary),
    bindparam("now_s", type_=BigInteger),
    bindparam("patience", type_=BigInteger),
    bindparam("max_mails", type_=BigInteger),
)


def has_confirmed(session: Session, table: FromClause, address_hash: bytes) -> bool:
    """Whether this address has confirmed a row of a table of signatures or endorsements, of any campaign, withdrawn since or not."""
    known = exists().where(table.c.address_hash == address_hash, table.c.confirmed_at.is_not(None))
    return bool(session.scalar(select(known)))


def take_slot(
    session: Session,
    address_hash: bytes,
    mailbox_hash: bytes,
    kind: str,
    *,
    may_wait: bool,
    unconfirmed: bool = False,
) -> datetime | None:
    """When the mailbox of this address gets this kind of mail: now, or within PATIENCE_SECONDS if `may_wait`; None when it may get none.

    `unconfirmed`: the mail is to confirm, and nobody at the address ever has (has_confirmed): MAX_UNCONFIRMED holds.
    """
    if is_blocked(session, address_hash) or is_suppressed(session, mailbox_hash):
        return None
    values = {
        "mailbox_hash": mailbox_hash,
        "kind": kind,
        "now_s": int(clock.now().timestamp()),
        "patience": PATIENCE_SECONDS if may_wait else 0,
        "max_mails": MAX_UNCONFIRMED if unconfirmed else _UNCAPPED,
    }
    slot = session.execute(_TAKE_SLOT, values).scalar()
    return None if slot is None else datetime.fromtimestamp(slot, UTC)
