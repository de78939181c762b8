"""Networks, mail domains and addresses that staff hold or allow, until they take them off the list.

Whoever signs is answered, mailed and asked to confirm like everybody else. What comes from a held one is then held until staff
decide, never lost and never counted by itself; what comes from an allowed one is held by no rule of the watch about it, and
from an allowed address by no rule at all. The list is short. Each process reads it every few seconds, so signing costs no further statement.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.abuse.models import ListedOrigin, ListEffect, OriginKind
from pledge.audit.models import Actor
from pledge.audit.services import lock_chain, record, required_reason
from pledge.core import clock
from pledge.core.db import fetch, load, transaction
from pledge.core.db.snapshots import Snapshot

#: How old the copy of the list may be that signing reads.
FRESH_SECONDS = 2.0

#: The name of an act in the audit log.
_AUDITED = {ListEffect.HOLD: "block.place", ListEffect.ALLOW: "block.allow"}

_effects: Snapshot[dict[bytes, ListEffect]] = Snapshot("held and allowed origins", dict, FRESH_SECONDS)


class NotListed(LookupError):
    """It is not on the list, or no longer."""


class LargeProviderNotAllowed(ValueError):
    """So many people come from there that it is never held as a whole."""


@dataclass(frozen=True)
class Origin:
    """A network, wider network, mail domain or address in one campaign."""

    campaign_id: int
    kind: OriginKind
    hash: bytes


def effect_on(address: bytes, origins: Iterable[bytes | None]) -> ListEffect | None:
    """What the list says of a sign-up: of its address, or else HOLD if its network or domain is held."""
    effects = _effects.current(_read)
    if not effects:
        return None
    is_held = ListEffect.HOLD in (effects.get(hashed) for hashed in origins if hashed)
    return effects.get(address) or (ListEffect.HOLD if is_held else None)


def allowed() -> frozenset[bytes]:
    """The hashes of all that is allowed now."""
    return frozenset(hashed for hashed, effect in _read().items() if effect is ListEffect.ALLOW)


def _read() -> dict[bytes, ListEffect]:
    """The list. A hash is of one campaign and of one kind, so it says all."""
    listed = select(ListedOrigin.hash, ListedOrigin.effect).where(ListedOrigin.lifted_at.is_(None))
    return {bytes(row.hash): ListEffect(row.effect) for row in fetch(listed)}


def add(
    actor: Actor, origin: Origin, effect: ListEffect, why: str, large_providers: Collection[bytes]
) -> None:
    """Put it on the list, in place of what the list says of it. `large_providers`: the hashes of what is never held.
    Raises NoReason, LargeProviderNotAllowed.
    """
    why = required_reason(why)
    if effect is ListEffect.HOLD and origin.hash in large_providers:
        raise LargeProviderNotAllowed
    with transaction() as session:
        place(session, actor, origin, effect, why)
    _effects.clear()


def place(session: Session, actor: Actor, origin: Origin, effect: ListEffect, why: str) -> None:
    """As `add`, in the transaction of what it follows from."""
    lock_chain(session)  # of two people at once the second sees what the first has placed
    now = clock.now()
    listed = select(ListedOrigin).where(ListedOrigin.hash == origin.hash, ListedOrigin.lifted_at.is_(None))
    if before := session.scalar(listed):
        before.lifted_at, before.lifted_name = now, actor.name
        session.flush()
    row = ListedOrigin(**vars(origin), effect=effect, note=why, placed_name=actor.name, placed_at=now)
    session.add(row)
    session.flush()
    record(session, actor, _AUDITED[effect], f"block:{row.id}", reason=why, of=origin.kind)


def remove(actor: Actor, listed_id: int) -> tuple[Origin, ListEffect, str]:
    """Take it off the list; what is held stays held. Returns what the list said of it, and why. Raises NotListed."""
    listed = select(ListedOrigin).where(ListedOrigin.id == listed_id, ListedOrigin.lifted_at.is_(None))
    with transaction() as session:
        lock_chain(session)
        row = session.scalar(listed)
        if row is None:
            raise NotListed
        row.lifted_at, row.lifted_name = clock.now(), actor.name
        record(session, actor, "block.lift", f"block:{row.id}", of=row.kind)
        origin = Origin(campaign_id=row.campaign_id, kind=OriginKind(row.kind), hash=bytes(row.hash))
        removed = (origin, ListEffect(row.effect), row.note)
    _effects.clear()
    return removed


def entries(campaign_id: int) -> list[ListedOrigin]:
    """The list of a campaign, the newest first."""
    query = select(ListedOrigin).where(
        ListedOrigin.campaign_id == campaign_id, ListedOrigin.lifted_at.is_(None)
    )
    return load(query.order_by(ListedOrigin.id.desc()))


def find(origin: Origin) -> ListedOrigin | None:
    """What the list says of one of them."""
    return next((row for row in entries(origin.campaign_id) if bytes(row.hash) == origin.hash), None)
