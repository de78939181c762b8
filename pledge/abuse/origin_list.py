"""Networks and mail domains that staff hold or allow, until they take them off the list.

Whoever signs is answered, mailed and asked to confirm like everybody else. What comes from a held one is then held until staff
decide, never lost and never counted by itself; what comes from an allowed one is held by no rule of the watch about it. The
list is short. Each process reads it every few seconds, so signing costs no further statement.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select

from pledge.abuse.models import ListedOrigin, ListEffect, OriginKind
from pledge.audit.models import Actor
from pledge.audit.services import record, required_reason
from pledge.core import clock
from pledge.core.db import load, reading, transaction
from pledge.core.db.snapshots import Snapshot

#: How old the list may be that signing goes by.
FRESH_SECONDS = 2.0

#: Of what is held because its origin is (Signature.hold_reason).
HOLD_REASON = "blocked"

#: The name of an act in the audit log.
_AUDITED = {ListEffect.HOLD: "block.place", ListEffect.ALLOW: "block.allow"}

_held: Snapshot[frozenset[bytes]] = Snapshot("held networks and domains", frozenset, FRESH_SECONDS)


class NotListed(LookupError):
    """It is not on the list, or no longer."""


class LargeProviderNotAllowed(ValueError):
    """So many people come from there that it is never held as a whole."""


@dataclass(frozen=True)
class Origin:
    """A network, wider network or mail domain in one campaign."""

    campaign_id: int
    kind: OriginKind
    hash: bytes


def hold_reason(hashes: Iterable[bytes | None]) -> str | None:
    """Why a sign-up with these hashes of network, wider network and domain is held; None when none of them is."""
    held = _held.current(lambda: hashes_with(ListEffect.HOLD))
    return HOLD_REASON if held and any(found in held for found in hashes) else None


def hashes_with(effect: ListEffect) -> frozenset[bytes]:
    """What is listed with this effect. A hash is of one campaign and of one kind, so it says all."""
    listed = select(ListedOrigin.hash).where(ListedOrigin.effect == effect, ListedOrigin.lifted_at.is_(None))
    with reading() as connection:
        return frozenset(bytes(row.hash) for row in connection.execute(listed))


def place(
    actor: Actor, origin: Origin, effect: ListEffect, why: str, large_providers: Collection[bytes]
) -> None:
    """Put it on the list, in place of what the list says of it. `large_providers`: the hashes of what is never held.
    Raises NoReason, LargeProviderNotAllowed.
    """
    why, now = required_reason(why), clock.now()
    if effect is ListEffect.HOLD and origin.hash in large_providers:
        raise LargeProviderNotAllowed
    with transaction() as session:
        listed = select(ListedOrigin).where(
            ListedOrigin.hash == origin.hash, ListedOrigin.lifted_at.is_(None)
        )
        if before := session.scalar(listed.with_for_update()):
            before.lifted_at, before.lifted_name = now, actor.name
            session.flush()
        row = ListedOrigin(**vars(origin), effect=effect, note=why, placed_name=actor.name, placed_at=now)
        session.add(row)
        session.flush()
        record(session, actor, _AUDITED[effect], f"block:{row.id}", reason=why, of=origin.kind)
    _held.clear()


def lift(actor: Actor, listed_id: int) -> None:
    """Take it off the list; what is held stays held. Raises NotListed."""
    listed = select(ListedOrigin).where(ListedOrigin.id == listed_id, ListedOrigin.lifted_at.is_(None))
    with transaction() as session:
        row = session.scalar(listed.with_for_update())
        if row is None:
            raise NotListed
        row.lifted_at, row.lifted_name = clock.now(), actor.name
        record(session, actor, "block.lift", f"block:{row.id}", of=row.kind)
    _held.clear()


def listed(campaign_id: int) -> list[ListedOrigin]:
    """The list of a campaign, the newest first."""
    query = select(ListedOrigin).where(
        ListedOrigin.campaign_id == campaign_id, ListedOrigin.lifted_at.is_(None)
    )
    return load(query.order_by(ListedOrigin.id.desc()))
