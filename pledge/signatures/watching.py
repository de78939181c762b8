"""The worker's watch over the last sign-ups: what waits in a cluster that no group of people makes is put on hold.

It looks at hashes and times only (abuse/clusters.py has the rule), of those that came from another machine. Nobody is refused by it: what it holds is mailed and
confirmed as usual, and a person decides (signatures/invalidation/). What was counted before a cluster showed its pattern stays
counted until staff take it out.

Anybody can send forms that nobody confirms, so outside their own network they count for nothing. A mailbox at a large provider
is held only for the answers of its own network, never for what others around it have done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, Select, and_, func, literal, or_, select, true, union_all, update

from pledge.abuse import alerts
from pledge.abuse.clusters import LEAST, SPEEDS, Cluster, Pattern, needs_domains, pattern
from pledge.abuse.models import AlertKind, OriginKind
from pledge.accounts import alarms
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.logs import log
from pledge.signatures.invalidation.models import seconds_between
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import OTHER
from pledge.signatures.queries import held_in_all, lock
from pledge.signatures.statements import HELD_BY_FORM

#: How far back it looks, and at how many sign-ups at most, so that a look costs the same on the busiest day.
WINDOW = timedelta(hours=1)
MOST = 20_000
#: Rows put on hold in one transaction: whoever confirms one of them waits for it.
BATCH = 500
#: How often staff are alerted to held signatures to which none has been added.
REMIND_AFTER = timedelta(days=1)

_WAITS = (
    Signature.state == SignatureState.PENDING,
    or_(Signature.hold_reason.is_(None), Signature.hold_reason.in_(HELD_BY_FORM)),
    Signature.cleared.is_(False),
)
_IS_SMALL = Signature.mail_provider == OTHER
_COLUMNS = {
    OriginKind.DOMAIN: Signature.domain_hash,
    OriginKind.NETWORK: Signature.network_hash,
    OriginKind.WIDE_NETWORK: Signature.wide_network_hash,
}


@dataclass(frozen=True)
class Caught:
    """A cluster that was given away. Its hash is another one in each campaign."""

    kind: OriginKind
    hash: bytes
    pattern: Pattern


def look() -> int:
    """Put on hold what waits in clusters that no group of people makes; how many sign-ups that were."""
    since = clock.now() - WINDOW
    caught = suspicious(since)
    held = sum(_hold(of, [one for one in caught if one.pattern is of], since) for of in Pattern)
    if held:
        log.warning("sign-ups put on hold", sign_ups=held, clusters=len(caught))
    return held


def alert_held() -> None:
    """Alert to the signatures that wait for a decision, whatever held them: to new ones after the kind's time of quiet
    (abuse/alerts.py), to the same ones once in `REMIND_AFTER`.
    """
    waiting = held_in_all()
    if waiting is None:
        return
    last = alerts.last_at(AlertKind.SIGN_UPS_HELD)
    if last is None or waiting.newest >= last or last <= clock.now() - REMIND_AFTER:
        with transaction() as session:
            alarms.alert(session, AlertKind.SIGN_UPS_HELD, sign_ups=waiting.signatures)


def suspicious(since: datetime) -> list[Caught]:
    """The clusters among the sign-ups since then that are given away and in which somebody waits."""
    with reading() as connection:
        rows = connection.execute(_clusters(since, clock.now())).all()
    found = []
    for kind, hashed, sign_ups, small, *figures in rows:
        ripe, answered = figures[: len(SPEEDS)], figures[len(SPEEDS) :]
        cluster = Cluster(OriginKind(kind), sign_ups, small, ripe, answered)
        if needs_domains(cluster):
            cluster = replace(cluster, domains=_domains(cluster.kind, hashed, since))
        what = pattern(cluster)
        if what is not None:
            found.append(Caught(cluster.kind, bytes(hashed), what))
    return found


def _clusters(since: datetime, now: datetime) -> CompoundSelect[Any]:
    """Of each cluster that is large enough and in which somebody waits: the figures of Cluster."""
    recent = (
        select(
            *_COLUMNS.values(),
            *(Signature.submitted_at, and_(*_WAITS).label("waits")),
            _IS_SMALL.label("is_small"),
            seconds_between(Signature.submitted_at, Signature.confirmed_at).label("seconds"),
        )
        .where(Signature.submitted_at >= since, Signature.wide_network_hash.is_not(None))
        .order_by(Signature.submitted_at.desc())
        .limit(MOST)
        .cte("recent")
        .c
    )
    ripe = [recent.submitted_at <= now - speed.within for speed in SPEEDS]
    answered = [
        is_ripe & (recent.seconds <= speed.within.total_seconds())
        for is_ripe, speed in zip(ripe, SPEEDS, strict=True)
    ]

    def of(kind: OriginKind) -> Select[Any]:
        column = recent[_COLUMNS[kind].key]
        number = func.count()
        counts = recent.seconds.is_not(None) if kind is OriginKind.WIDE_NETWORK else true()
        query = (
            select(
                *(literal(kind.value), column),
                *(number.filter(counts), number.filter(counts & recent.is_small)),
                *(number.filter(condition) for condition in (*ripe, *answered)),
            )
            .where(column.is_not(None))
            .group_by(column)
            .having((number >= LEAST) & (number.filter(recent.waits) > 0))
        )
        return query.where(recent.is_small) if kind is OriginKind.DOMAIN else query

    return union_all(*map(of, OriginKind))


def _domains(kind: OriginKind, hashed: bytes, since: datetime) -> int:
    """How many small domains those are at that count in a cluster."""
    query = select(func.count(Signature.domain_hash.distinct())).where(
        Signature.submitted_at >= since, _COLUMNS[kind] == hashed, _IS_SMALL
    )
    if kind is OriginKind.WIDE_NETWORK:
        query = query.where(Signature.confirmed_at.is_not(None))
    with reading() as connection:
        return int(connection.execute(query).scalar_one())


def _hold(what: Pattern, caught: Sequence[Caught], since: datetime) -> int:
    """Hold what waits in these clusters; how many sign-ups that were."""
    if not caught:
        return 0
    within = [
        _COLUMNS[kind].in_([one.hash for one in caught if one.kind is kind])
        & (True if kind is OriginKind.NETWORK and what is Pattern.SPEED else _IS_SMALL)
        for kind in {one.kind for one in caught}
    ]
    waiting = select(Signature.id).where(Signature.submitted_at >= since, *_WAITS, or_(*within))
    with reading() as connection:
        ids = list(connection.execute(waiting).scalars())
    return sum(_mark(what, some) for some in _batches(ids))


def _mark(what: Pattern, ids: Sequence[int]) -> int:
    statement = (
        update(Signature)
        .where(Signature.id.in_(ids), *_WAITS)
        .values(hold_reason=what)
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        lock(session, ids)
        return len(session.execute(statement).all())


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))
