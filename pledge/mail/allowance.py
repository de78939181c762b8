"""The caps on what one address receives, over all campaigns: one mail of a kind in ten minutes, three in a day, and five
to confirm in thirty days while nobody at that address has ever confirmed.

All tags that somebody can put behind an address have such slots together as well, ten of them in thirty days; those of the address
without a tag are its own, so inventing tags neither gets around the caps nor uses up somebody's mails. Slots are taken by guarded
upserts, so the caps hold in a race, over any number of machines and without any cache. A mail that anybody can ask for may be given
the next free slot within two days instead of being refused; it is sent then. What is asked for last may also take the slot of
what waits (outbox.take_over).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from sqlalchemy import ColumnElement, FromClause, LargeBinary, delete, exists, literal, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from pledge.core import clock
from pledge.core.db import insert_into
from pledge.mail.models import MailAllowance
from pledge.mail.suppression import exact_hash, suppressed, tags_hash

PAUSE_SECONDS = 10 * 60
DAY_SECONDS = 24 * 60 * 60
#: How far ahead the slot of a mail may lie. Pages name this time.
PATIENCE_SECONDS = 2 * DAY_SECONDS
#: Mails to confirm that an address gets within UNCONFIRMED_WINDOW while nobody there has ever confirmed anything.
MAX_UNCONFIRMED = 5
#: The same for all tags of an address together.
MAX_UNCONFIRMED_TAGS = 10
UNCONFIRMED_WINDOW = timedelta(days=30)
#: No cap of that kind: for addresses that have confirmed once, and for other mails.
_UNCAPPED = 2**31 - 1

_WINDOW_SECONDS = int(UNCONFIRMED_WINDOW.total_seconds())

#: The earliest moment at which the address may be written to again, from its row.
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


#: The hash of what has it, and the kind of mail.
Slot = tuple[bytes, str]


@dataclass(frozen=True)
class SlotRequest:
    """A mail that needs a slot."""

    address: str  #: as it is mailed
    kind: str
    #: It is to confirm, and nobody at the address ever has (confirmed_once): MAX_UNCONFIRMED holds.
    unconfirmed: bool = False


def confirmed_once(
    table: FromClause, address_hash: ColumnElement[bytes] | InstrumentedAttribute[bytes]
) -> ColumnElement[bool]:
    """SQL: whether this address ever confirmed a row of a table of signatures or endorsements, in any campaign."""
    return exists().where(table.c.address_hash == address_hash, table.c.confirmed_at.is_not(None))


def has_confirmed(session: Session, table: FromClause, address_hash: bytes) -> bool:
    """Whether this address has confirmed a row of the table, as confirmed_once(), read now."""
    return bool(session.scalar(select(confirmed_once(table, literal(address_hash, LargeBinary)))))


def take_slots(session: Session, wanted: Sequence[SlotRequest], *, may_wait: bool) -> list[datetime | None]:
    """When each of these mails goes out: now, or within PATIENCE_SECONDS if they may wait; None for one that may not."""
    mails = [(mail.address, not mail.unconfirmed) for mail in wanted]
    stopped = suppressed(session, mails)
    allowed = {place: mail for place, mail in enumerate(wanted) if mails[place] not in stopped}
    own = {place: (exact_hash(mail.address), mail.kind) for place, mail in allowed.items()}
    due_by_place = _take_all(session, own, wanted, may_wait, MAX_UNCONFIRMED)
    tags = {
        place: (hashed, wanted[place].kind)
        for place in due_by_place
        if (hashed := tags_hash(wanted[place].address))
    }
    shared = _take_all(session, tags, wanted, may_wait, MAX_UNCONFIRMED_TAGS)
    due_by_place = {
        place: max(due, shared.get(place, due))
        for place, due in due_by_place.items()
        if place not in tags or place in shared
    }
    return [due_by_place.get(place) for place in range(len(wanted))]


def free_at(session: Session, wanted: SlotRequest) -> datetime | None:
    """From when on a mail that may not wait has a slot; None: from now on."""
    hashes = {exact_hash(wanted.address): MAX_UNCONFIRMED, tags_hash(wanted.address): MAX_UNCONFIRMED_TAGS}
    moments = [0]
    for hashed, max_mails in hashes.items():
        row = hashed and session.get(MailAllowance, (hashed, wanted.kind))
        if row:
            moments += [row.last + PAUSE_SECONDS, (row.third or 0) + DAY_SECONDS]
            if wanted.unconfirmed and row.mails >= max_mails:
                moments.append(row.first + _WINDOW_SECONDS)
    free = datetime.fromtimestamp(max(moments), UTC)
    return free if free > clock.now() else None


def _take_all(
    session: Session,
    slots: Mapping[int, Slot],
    wanted: Sequence[SlotRequest],
    may_wait: bool,
    max_unconfirmed: int,
) -> dict[int, datetime]:
    """The slots that are free, by the place of the mail among `wanted`."""
    by_slot: dict[Slot, list[int]] = defaultdict(list)
    for place, slot in slots.items():
        by_slot[slot].append(place)
    due_by_place: dict[int, datetime] = {}
    # Each slot once in a statement, which may not move a row twice.
    for some in zip_longest(*by_slot.values()):
        for unconfirmed, max_mails in ((True, max_unconfirmed), (False, _UNCAPPED)):
            places = [
                place for place in some if place is not None and wanted[place].unconfirmed is unconfirmed
            ]
            taken = _take_slots(session, [slots[place] for place in places], may_wait, max_mails)
            due_by_place |= {place: taken[slots[place]] for place in places if slots[place] in taken}
    return due_by_place


def _take_slots(
    session: Session, slots: Sequence[Slot], may_wait: bool, max_mails: int
) -> dict[Slot, datetime]:
    """The free ones among these slots."""
    if not slots:
        return {}
    now = int(clock.now().timestamp())
    # Always in this order, so that two of these statements cannot deadlock. Two transactions with several of them can.
    rows = [
        {"address_hash": hashed, "kind": kind, "last": now, "first": now, "mails": 1}
        for hashed, kind in sorted(slots)
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
    return {(bytes(hashed), kind): datetime.fromtimestamp(slot, UTC) for hashed, kind, slot in taken}


def erase(session: Session, *addresses: str) -> None:
    """Delete the times at which these addresses were written to."""
    hashes = [hashed(address) for address in addresses for hashed in (exact_hash, tags_hash)]
    session.execute(
        delete(MailAllowance).where(MailAllowance.address_hash.in_([key for key in hashes if key]))
    )
