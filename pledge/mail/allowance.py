"""The caps on what one mailbox receives, over all campaigns: one mail of a kind in ten minutes, three in a day, and five
to confirm in thirty days while nobody at that address has ever confirmed.

A mailbox is an address without its +tag (mail/providers.py), so inventing tags does not get around the caps. Slots are taken
by guarded upserts, so the caps hold in a race, over any number of machines and without any cache. A mail that anybody can ask
for may be given the next free slot within two days instead of being refused; it is sent then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, LargeBinary, exists, literal, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from pledge.core import clock
from pledge.core.db.upserts import insert_into
from pledge.mail.blocks import blocked_hashes
from pledge.mail.models import MailAllowance
from pledge.mail.suppression import key, suppressed_keys

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

#: The earliest moment at which the mailbox may be written to again, from its row.
_FREE_AT = f"""
      CASE WHEN mail_allowances.third IS NOT NULL
                AND mail_allowances.third + {DAY_SECONDS} > mail_allowances.last + {PAUSE_SECONDS}
           THEN mail_allowances.third + {DAY_SECONDS} ELSE mail_allowances.last + {PAUSE_SECONDS} END"""
_WINDOW_ENDED = f"mail_allowances.first + {_WINDOW_SECONDS} <= excluded.last"
_MOVED = {
    "third": text("mail_allowances.second"),
    "second": text("mail_allowances.last"),
    "last": text(f"CASE WHEN {_FREE_AT} > excluded.last THEN {_FREE_AT} ELSE excluded.last END"),
    "first": text(f"CASE WHEN {_WINDOW_ENDED} THEN excluded.last ELSE mail_allowances.first END"),
    "mails": text(f"CASE WHEN {_WINDOW_ENDED} THEN 1 ELSE mail_allowances.mails + 1 END"),
}


@dataclass(frozen=True)
class SlotRequest:
    """A mail that needs a slot."""

    address_hash: bytes
    mailbox_hash: bytes
    kind: str
    #: It is to confirm, and nobody at the address ever has (confirmed_once): MAX_UNCONFIRMED holds.
    unconfirmed: bool = False

    @property
    def slot(self) -> tuple[bytes, str]:
        return self.mailbox_hash, self.kind


def confirmed_once(
    table: FromClause, address_hash: ColumnElement[bytes] | InstrumentedAttribute[bytes]
) -> ColumnElement[bool]:
    """SQL: whether this address has confirmed a row of a table of signatures or endorsements, of any campaign, withdrawn since or not."""
    return exists().where(table.c.address_hash == address_hash, table.c.confirmed_at.is_not(None))


def has_confirmed(session: Session, table: FromClause, address_hash: bytes) -> bool:
    """Whether this address has confirmed a row of the table, as confirmed_once(), read now."""
    return bool(session.scalar(select(confirmed_once(table, literal(address_hash, LargeBinary)))))


def take_slots(session: Session, wanted: Sequence[SlotRequest], *, may_wait: bool) -> list[datetime | None]:
    """When each of these mails goes out: now, or within PATIENCE_SECONDS if they may wait; None for one that may not."""
    blocked = blocked_hashes(session, [one.address_hash for one in wanted])
    suppressed = suppressed_keys(session, [key(one.mailbox_hash) for one in wanted])
    allowed = [
        (place, one)
        for place, one in enumerate(wanted)
        if one.address_hash not in blocked and key(one.mailbox_hash) not in suppressed
    ]
    found: list[datetime | None] = [None] * len(wanted)
    for some in _without_repeated_slots(allowed):
        slots = _take(session, [one for _, one in some if one.unconfirmed], may_wait, MAX_UNCONFIRMED)
        slots |= _take(session, [one for _, one in some if not one.unconfirmed], may_wait, _UNCAPPED)
        for place, one in some:
            found[place] = slots.get(one.slot)
    return found


def take_slot(session: Session, wanted: SlotRequest, *, may_wait: bool) -> datetime | None:
    """When this mail goes out: now, or within PATIENCE_SECONDS if it may wait; None if it may not go out."""
    return take_slots(session, [wanted], may_wait=may_wait)[0]


def _without_repeated_slots(
    wanted: list[tuple[int, SlotRequest]],
) -> Iterator[list[tuple[int, SlotRequest]]]:
    """These in lists that have each slot once, in their order: one statement may not move a row twice."""
    while wanted:
        taken: dict[tuple[bytes, str], tuple[int, SlotRequest]] = {}
        later = [pair for pair in wanted if taken.setdefault(pair[1].slot, pair) is not pair]
        yield list(taken.values())
        wanted = later


def _take(
    session: Session, wanted: Sequence[SlotRequest], may_wait: bool, max_mails: int
) -> dict[tuple[bytes, str], datetime]:
    """The slots that are free, by mailbox and kind."""
    if not wanted:
        return {}
    now = int(clock.now().timestamp())
    # Always by mailbox and kind, so that two of these statements cannot deadlock. Two transactions with several of them can.
    rows = [
        {"address_hash": mailbox_hash, "kind": kind, "last": now, "first": now, "mails": 1}
        for mailbox_hash, kind in sorted(one.slot for one in wanted)
    ]
    connection = session.connection()
    statement = insert_into(connection, MailAllowance).on_conflict_do_update(
        index_elements=[MailAllowance.address_hash, MailAllowance.kind],
        set_=_MOVED,
        # Literal, as SQLAlchemy sends many rows in one statement only when nothing but their values is bound.
        where=text(
            f"{_FREE_AT} <= excluded.last + {PATIENCE_SECONDS if may_wait else 0}"
            f" AND (mail_allowances.mails < {max_mails} OR {_WINDOW_ENDED})"
        ),
    )
    taken = connection.execute(
        statement.returning(MailAllowance.address_hash, MailAllowance.kind, MailAllowance.last), rows
    )
    return {
        (bytes(mailbox_hash), kind): datetime.fromtimestamp(slot, UTC) for mailbox_hash, kind, slot in taken
    }
