"""The worker's watch over the last sign-ups: what waits in a cluster that no group of people makes is put on hold; and what staff
do about the network or domain of one.

Nobody is refused by it: what it holds is mailed and confirmed as usual, and a person decides (signatures/invalidation/). What
was counted before a cluster showed itself stays counted until staff take it out. A mailbox at a provider is held only
for the answers of its own network, never for what others around it have done.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, text, update

from pledge.abuse import alerts, origin_list
from pledge.abuse.models import AlertKind, HoldReason, ListEffect, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.accounts import staff_alerts
from pledge.accounts.two_people import NeedsSecondPerson
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import fetch, transaction
from pledge.core.logs import log
from pledge.signatures.invalidation import services as invalidation
from pledge.signatures.invalidation.models import Condition, InvalidationAct, InvalidationReason
from pledge.signatures.invalidation.queries import undecided
from pledge.signatures.models import SMALL_PENDING, Signature
from pledge.signatures.queries import held_by_campaign, lock
from pledge.watch.clusters import ANYBODY_LATELY, COLUMNS, WAITS, WINDOW, is_small, suspicious, too_large

#: Rows put on hold in one transaction: whoever confirms one of them waits for it.
BATCH = 500
#: How often staff are alerted to held signatures to which none has been added.
REMIND_AFTER = timedelta(days=1)

_ANYBODY_LATELY = select(ANYBODY_LATELY)


def hold_suspicious() -> int:
    """Put pending sign-ups of suspicious clusters on hold. Returns their number."""
    if not fetch(_ANYBODY_LATELY).scalar_one():
        return 0
    clusters, oversized = suspicious(), too_large()
    clusters[HoldReason.SIZE] = [origin for group in oversized for origin in group.origins]
    held = {rule: _hold(rule, origins) for rule, origins in clusters.items() if origins}
    if held.get(HoldReason.SIZE):
        servers = sum(len(group.domains) > 1 for group in oversized)
        domains = len({origin.hash for origin in clusters[HoldReason.SIZE]})
        with transaction() as session:
            staff_alerts.alert(session, AlertKind.DOMAIN_HELD, domains=domains, servers=servers)
    if number := sum(held.values()):
        log.warning("sign-ups put on hold", sign_ups=number, clusters=sum(map(len, clusters.values())))
    return number


def alert_held() -> None:
    """Alert to the signatures that wait for a decision, whatever held them: to new ones after the kind's time of quiet
    (abuse/alerts.py), to the same ones once in `REMIND_AFTER`.
    """
    waiting = held_by_campaign().values()
    if not waiting:
        return
    newest, last = max(held.newest for held in waiting), alerts.last_at(AlertKind.SIGN_UPS_HELD)
    if last is None or newest >= last or last <= clock.now() - REMIND_AFTER:
        with transaction() as session:
            sign_ups = sum(held.signatures for held in waiting)
            staff_alerts.alert(session, AlertKind.SIGN_UPS_HELD, sign_ups=sign_ups)


def record_look_up(actor: Actor, campaign_id: int, kind: OriginKind) -> None:
    """Record that somebody looked up a network or mail domain, but not which one."""
    with transaction() as session:
        record(session, actor, "watch.look_up", f"campaign:{campaign_id}", of=kind.value)


def allow(actor: Actor, origin: Origin, why: str) -> int | None:
    """Allow what comes from a network or domain, and have those counted who are held or would be. What comes from one address
    later is allowed; what came from it before is decided on its page.

    More held ones than one person may decide about wait for a second one, and so does the allowance: then the number of that
    proposal, else None. Where nobody is held it is allowed at once.
    Raises NoReason, and Undecided while another decision about those who came from there is open.
    """
    if origin.kind is not OriginKind.ADDRESS and (others := undecided(condition(origin))):
        raise invalidation.Undecided(others[0].id)
    if origin.kind is OriginKind.ADDRESS:
        origin_list.add(actor, origin, ListEffect.ALLOW, why, ())
        return None
    release = InvalidationAct.RELEASE
    try:
        number = invalidation.propose(actor, condition(origin), None, why, act=release, allows=True)
    except invalidation.NothingMatches:
        origin_list.add(actor, origin, ListEffect.ALLOW, why, ())
        return None
    try:
        invalidation.approve(actor, number)
    except NeedsSecondPerson:
        return number
    return None


def propose(
    actor: Actor,
    origin: Origin,
    act: InvalidationAct,
    *,
    since: datetime,
    reason: InvalidationReason | None,
    why: str,
) -> int:
    """Propose an act about the sign-ups from a network or domain since then. Where counted ones are to be taken out, pending ones
    are held at once (except at providers), so that one decision covers all.

    Raises as signatures/invalidation/services.py: propose().
    """
    matching = condition(origin, since)
    number = invalidation.propose(actor, matching, reason, why, act=act)
    if act is InvalidationAct.INVALIDATE:
        with suppress(
            invalidation.NothingMatches, invalidation.Undecided, origin_list.LargeProviderNotAllowed
        ):
            waiting = invalidation.propose(actor, matching, None, why, act=InvalidationAct.HOLD)
            invalidation.approve(actor, waiting)
    return number


def condition(origin: Origin, since: datetime | None = None) -> Condition:
    """The signatures from a network or domain that were signed since then."""
    came_from: dict[str, Any] = {COLUMNS[origin.kind].key: origin.hash}
    return Condition(campaign_id=origin.campaign_id, signed_from=since, **came_from)


def _hold(rule: HoldReason, origins: Sequence[Origin]) -> int:
    """Put pending sign-ups from these origins on hold. Returns their number."""
    hashes = defaultdict(list)
    for origin in origins:
        hashes[origin.campaign_id, origin.kind].append(origin.hash)
    within = [_waiting(rule, *cluster, hashed) for cluster, hashed in hashes.items()]
    ids = list(fetch(select(Signature.id).where(*WAITS, or_(*within))).scalars())
    return sum(_mark(rule, ids[at : at + BATCH]) for at in range(0, len(ids), BATCH))


def _waiting(
    rule: HoldReason, campaign_id: int, kind: OriginKind, hashes: Sequence[bytes]
) -> ColumnElement[bool]:
    """SQL: pending sign-ups from these origins that the rule puts on hold."""
    there = and_(Signature.campaign_id == campaign_id, COLUMNS[kind].in_(hashes))
    if rule is HoldReason.SIZE:
        return and_(there, text(SMALL_PENDING))
    recent = and_(there, Signature.submitted_at >= clock.now() - WINDOW)
    return recent if kind is OriginKind.NETWORK and rule is HoldReason.SPEED else and_(recent, is_small())


def _mark(rule: HoldReason, ids: Sequence[int]) -> int:
    statement = (
        update(Signature)
        .where(Signature.id.in_(ids), *WAITS)
        .values(hold_reason=rule)
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        lock(session, ids)
        return len(session.execute(statement).all())
