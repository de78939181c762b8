"""Clusters of sign-ups that no group of people makes: the rules, on numbers alone, and the query for the numbers.

A cluster is what came at one mail domain, from one network or from the wider one around it. People come in crowds too: a hall
behind one address, a company at one domain, half a city behind a carrier's. Crowds are told from programs by how they answer
their mail. People have to notice it, open it and press: some do so within a minute, many later, and some never.

Only hashes and times are read, of sign-ups that came from another machine. Anybody can send forms that nobody confirms, so
outside their own network they count for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CompoundSelect, Select, and_, func, literal, or_, select, true, union_all

from pledge.abuse.models import OriginKind
from pledge.core import clock
from pledge.core.db import reading
from pledge.signatures.invalidation.models import seconds_between
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import OTHER
from pledge.signatures.statements import HELD_BY_FORM


class Rule(StrEnum):
    """What gives a cluster away. The values are stored (signatures.hold_reason), so they stay as they are."""

    SPEED = "speed"  #: too many answer their mail too soon
    DOMAINS = "domains"  #: addresses at dozens of small domains from one place


@dataclass(frozen=True)
class Speed:
    """A share of answers that people do not reach: of those who signed at least `within` ago, so many have confirmed by then."""

    within: timedelta
    share: float
    min_size: int  #: of fewer sign-ups at one domain it says nothing


#: Rehearsed (rehearsals/robots/) with people of many kinds: within a quarter of a minute 1 in 30 confirms, within one minute 1 in 7, in a hall
#: where somebody asks them to 4 in 10, within ten minutes 7 in 10.
SPEEDS = (
    Speed(timedelta(seconds=15), 0.7, 10),
    Speed(timedelta(minutes=1), 0.9, 15),
    Speed(timedelta(minutes=10), 0.97, 100),
)
#: From one place it takes so many times as many: people in one room are told to look at their mail at the same moment.
IN_ONE_ROOM = 2
#: So many sign-ups from one place, at so many domains besides the large providers', and so large a share of them.
MANY_SIGN_UPS, MANY_DOMAINS, SMALL_SHARE = 50, 20, 0.6
#: Of smaller clusters nothing is said.
MIN_SIZE = min(MANY_SIGN_UPS, *(speed.min_size for speed in SPEEDS))
#: At how many sign-ups it looks at most, the newest first, so that a look costs the same on the busiest day.
MAX_ROWS = 20_000

#: Who is not confirmed yet and may be put on hold.
WAITS = (
    Signature.state == SignatureState.PENDING,
    or_(Signature.hold_reason.is_(None), Signature.hold_reason.in_(HELD_BY_FORM)),
    Signature.cleared.is_(False),
)
IS_SMALL = Signature.mail_provider == OTHER
COLUMNS = {
    OriginKind.DOMAIN: Signature.domain_hash,
    OriginKind.NETWORK: Signature.network_hash,
    OriginKind.WIDE_NETWORK: Signature.wide_network_hash,
}


@dataclass(frozen=True)
class Cluster:
    """The figures of one cluster within the time that is looked at."""

    kind: OriginKind
    sign_ups: int  #: in the wider network those that were confirmed, as anybody can send forms from there
    small: int  #: those of them at other domains than the large providers'
    ripe: Sequence[int]  #: for each of SPEEDS: those who signed at least so long ago
    answered: Sequence[int]  #: and of these, who had confirmed by then
    domains: int = 0  #: how many domains the small ones are; needed where needs_domains() says so


@dataclass(frozen=True)
class SuspiciousCluster:
    """A cluster that was given away. Its hash is another one in each campaign."""

    kind: OriginKind
    hash: bytes
    rule: Rule


def broken_rule(cluster: Cluster) -> Rule | None:
    """What gives the cluster away; None: it may be people."""
    times = 1 if cluster.kind is OriginKind.DOMAIN else IN_ONE_ROOM
    for speed, ripe, answered in zip(SPEEDS, cluster.ripe, cluster.answered, strict=True):
        if ripe >= speed.min_size * times and answered >= ripe * speed.share:
            return Rule.SPEED
    return Rule.DOMAINS if needs_domains(cluster) and cluster.domains >= MANY_DOMAINS else None


def needs_domains(cluster: Cluster) -> bool:
    """Whether it matters how many domains they are: enough sign-ups from one place, and few of them at large providers."""
    is_large = cluster.kind is not OriginKind.DOMAIN and cluster.sign_ups >= MANY_SIGN_UPS
    return is_large and cluster.small >= cluster.sign_ups * SMALL_SHARE


def suspicious(since: datetime) -> list[SuspiciousCluster]:
    """The clusters among the sign-ups since then that are given away and in which somebody waits."""
    with reading() as connection:
        rows = connection.execute(_figures(since, clock.now())).all()
    found = []
    for kind, hashed, sign_ups, small, *figures in rows:
        ripe, answered = figures[: len(SPEEDS)], figures[len(SPEEDS) :]
        cluster = Cluster(OriginKind(kind), sign_ups, small, ripe, answered)
        if needs_domains(cluster):
            cluster = replace(cluster, domains=_domains(cluster.kind, hashed, since))
        rule = broken_rule(cluster)
        if rule is not None:
            found.append(SuspiciousCluster(cluster.kind, bytes(hashed), rule))
    return found


def _figures(since: datetime, now: datetime) -> CompoundSelect[Any]:
    """Of each cluster that is large enough and in which somebody waits: the figures of Cluster."""
    recent = (
        select(
            *COLUMNS.values(),
            *(Signature.submitted_at, and_(*WAITS).label("waits")),
            IS_SMALL.label("is_small"),
            seconds_between(Signature.submitted_at, Signature.confirmed_at).label("seconds"),
        )
        .where(Signature.submitted_at >= since, Signature.wide_network_hash.is_not(None))
        .order_by(Signature.submitted_at.desc())
        .limit(MAX_ROWS)
        .cte("recent")
        .c
    )
    ripe = [recent.submitted_at <= now - speed.within for speed in SPEEDS]
    answered = [
        is_ripe & (recent.seconds <= speed.within.total_seconds())
        for is_ripe, speed in zip(ripe, SPEEDS, strict=True)
    ]

    def by(kind: OriginKind) -> Select[Any]:
        column = recent[COLUMNS[kind].key]
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
            .having((number >= MIN_SIZE) & (number.filter(recent.waits) > 0))
        )
        return query.where(recent.is_small) if kind is OriginKind.DOMAIN else query

    return union_all(*map(by, OriginKind))


def _domains(kind: OriginKind, hashed: bytes, since: datetime) -> int:
    """How many small domains those are at that count in a cluster."""
    query = select(func.count(Signature.domain_hash.distinct())).where(
        Signature.submitted_at >= since, COLUMNS[kind] == hashed, IS_SMALL
    )
    if kind is OriginKind.WIDE_NETWORK:
        query = query.where(Signature.confirmed_at.is_not(None))
    with reading() as connection:
        return int(connection.execute(query).scalar_one())
