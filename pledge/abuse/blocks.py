"""Blocks: what comes from a network or with a mail domain is held for a while.

Whoever signs is answered, mailed and asked to confirm like everybody else; the signature is then held until staff decide,
never lost and never counted by itself. Blocks are few. Each process reads them every few seconds, so signing costs no further
statement.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from pledge.abuse.models import Block, OriginKind
from pledge.audit.models import Actor
from pledge.audit.services import record, required_reason
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.db.snapshots import Snapshot

#: How old the blocks may be that signing goes by.
FRESH_SECONDS = 2.0

#: How long a block may last, by the name that the form sends.
LASTING = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

#: Of what is held because of a block (Signature.hold_reason).
HOLD_REASON = "blocked"


_snapshot: Snapshot[frozenset[bytes]] = Snapshot("blocks", frozenset, FRESH_SECONDS)


class NoSuchBlock(LookupError):
    """There is no such block, or it has ended."""


class LargeProviderNotAllowed(ValueError):
    """So many people come from there that it is never held as a whole."""


@dataclass(frozen=True)
class BlockedOrigin:
    """A network, wider network or mail domain in one campaign."""

    campaign_id: int
    kind: OriginKind
    hash: bytes


@dataclass(frozen=True)
class BlockView:
    """A block that lasts."""

    id: int
    campaign_id: int
    kind: OriginKind
    hash: bytes
    note: str
    placed_name: str
    placed_at: datetime
    until: datetime


def hold_reason(hashes: Iterable[bytes | None]) -> str | None:
    """Why a sign-up with these hashes of network, wider network and domain is held; None when no block is about it."""
    blocked = _snapshot.current(_read)
    return HOLD_REASON if blocked and any(found in blocked for found in hashes) else None


def place(
    actor: Actor, origin: BlockedOrigin, lasting: timedelta, why: str, spared: Collection[bytes]
) -> None:
    """Hold what comes from now on; one that lasts already ends when this one does. `spared`: the hashes of what is never
    blocked. Raises NoReason, LargeProviderNotAllowed.
    """
    why, now = required_reason(why), clock.now()
    if origin.hash in spared:
        raise LargeProviderNotAllowed
    with transaction() as session:
        about = {"campaign_id": origin.campaign_id, "kind": origin.kind, "hash": origin.hash}
        lasts = select(Block).filter_by(**about).where(Block.until > now)
        row = session.scalar(lasts.with_for_update())
        if row is None:
            row = Block(**about)
            session.add(row)
        row.note, row.placed_name, row.placed_at, row.until = why, actor.name, now, now + lasting
        session.flush()
        hours = round(lasting.total_seconds() / 3600)
        record(session, actor, "block.place", f"block:{row.id}", reason=why, of=row.kind, hours=hours)
    _snapshot.clear()


def lift(actor: Actor, block_id: int) -> None:
    """End a block now; what is held stays held. Raises NoSuchBlock."""
    now = clock.now()
    with transaction() as session:
        row = session.scalar(select(Block).where(Block.id == block_id, Block.until > now).with_for_update())
        if row is None:
            raise NoSuchBlock
        row.until, row.lifted_name = now, actor.name
        record(session, actor, "block.lift", f"block:{row.id}", of=row.kind)
    _snapshot.clear()


def lasting(campaign_id: int) -> list[BlockView]:
    """The blocks of a campaign that last, the newest first."""
    columns = (getattr(Block, name) for name in BlockView.__dataclass_fields__)
    query = select(*columns).where(Block.campaign_id == campaign_id, Block.until > clock.now())
    with reading() as connection:
        rows = connection.execute(query.order_by(Block.id.desc()))
        return [
            BlockView(row.id, row.campaign_id, OriginKind(row.kind), bytes(row.hash), *row[4:])
            for row in rows
        ]


def _read() -> frozenset[bytes]:
    # A hash is of one campaign and of one kind, so it says all.
    with reading() as connection:
        found = connection.execute(select(Block.hash).where(Block.until > clock.now()))
        return frozenset(bytes(line.hash) for line in found)
