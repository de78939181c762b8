"""Clusters of sign-ups that no group of people makes: the rules, on numbers alone, and the queries for the numbers.

A cluster is what came at one mail domain, from one network or from the wider one around it. People come in crowds too: a hall
behind one address, a company at one domain, half a city behind a carrier's. Crowds are told from programs by how they answer
their mail. People have to notice it, open it and press: some do so within a minute, many later, and some never.

A patient program answers like people. So a mail domain that is neither a large provider's nor allowed by staff may have no more
confirmations in a week than a family, a shop or a small office has; domains that share a mail server count together.

Only hashes and times are read, of sign-ups that came from another machine. Anybody can send forms that nobody confirms, so
outside their own network they count for nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
)

from pledge.abuse import origin_list
from pledge.abuse.models import MailServer, OriginKind
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import reading
from pledge.signatures.invalidation.models import seconds_between
from pledge.signatures.models import SMALL_CONFIRMED, Signature, SignatureState
from pledge.signatures.origins import OTHER, large_domains
from pledge.signatures.statements import HELD_BY_FORM


class Rule(StrEnum):
    """What gives a cluster away. The values are stored (signatures.hold_reason), so they stay as they are."""

    SPEED = "speed"  #: too many answer their mail too soon
    DOMAINS = "domains"  #: addresses at dozens of small domains from one place
    SIZE = "size"  #: more confirmations at one small domain than a week may have
    SCATTERED = "scattered"  #: the same, sooner, where nearly each came from another network


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
#: So many confirmations may a small domain have in so long; and so many, where so large a share are different networks.
#: The worker looks every few seconds, so a few more are counted.
WEEK = timedelta(days=7)
MAX_CONFIRMED, MAX_SCATTERED, SCATTERED_SHARE = 25, 24, 0.9
#: Smaller clusters are not judged by speed and domains.
MIN_SIZE = min(MANY_SIGN_UPS, *(speed.min_size for speed in SPEEDS))
#: How far back speed and domains are looked at.
WINDOW = timedelta(hours=1)
#: Rows that one query reads at most, the newest first, so that it costs the same on the busiest day.
MAX_ROWS = 20_000

#: Who is not confirmed yet and may be put on hold.
WAITS = (
    Signature.state == SignatureState.PENDING,
    or_(Signature.hold_reason.is_(None), Signature.hold_reason.in_(HELD_BY_FORM)),
    Signature.cleared.is_(False),
)
#: Not at one of the largest providers; the other large ones are known by the hash of their domain (large_domains()).
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
    domains: int  #: how many domains these are
    ripe: Sequence[int]  #: for each of SPEEDS: those who signed at least so long ago
    answered: Sequence[int]  #: and of these, who had confirmed by then


@dataclass(frozen=True)
class SuspiciousCluster:
    """A cluster that was given away. Its hash is another one in each campaign."""

    campaign_id: int
    kind: OriginKind
    hash: bytes
    rule: Rule


def broken_rule(cluster: Cluster) -> Rule | None:
    """What gives the cluster away; None: it may be people."""
    is_domain = cluster.kind is OriginKind.DOMAIN
    if is_domain and not cluster.small:
        return None
    times = 1 if is_domain else IN_ONE_ROOM
    for speed, ripe, answered in zip(SPEEDS, cluster.ripe, cluster.answered, strict=True):
        if ripe >= speed.min_size * times and answered >= ripe * speed.share:
            return Rule.SPEED
    if is_domain or cluster.sign_ups < MANY_SIGN_UPS or cluster.small < cluster.sign_ups * SMALL_SHARE:
        return None
    return Rule.DOMAINS if cluster.domains >= MANY_DOMAINS else None


def size_rule(confirmed: int, networks: int) -> Rule | None:
    """Whether a small domain has more confirmations in a week than it may. `networks`: how many different ones they came from."""
    if confirmed >= MAX_SCATTERED and networks >= confirmed * SCATTERED_SHARE:
        return Rule.SCATTERED
    return Rule.SIZE if confirmed >= MAX_CONFIRMED else None


def suspicious() -> list[SuspiciousCluster]:
    """The clusters that are given away and in which somebody may wait, without those that staff allow."""
    allowed = origin_list.allowed()
    exempt = allowed.union(*(large_domains(slug) for slug in slugs().values()))
    found = [*_by_speed_and_domains(), *_by_size(allowed)]
    return [one for one in found if one.hash not in exempt]


def _by_speed_and_domains() -> Iterator[SuspiciousCluster]:
    now = clock.now()
    recent = recent_sign_ups(Signature.submitted_at >= now - WINDOW, Signature.wide_network_hash.is_not(None))
    judged = (func.count() >= MIN_SIZE) & (func.count().filter(recent.c.waits) > 0)
    query = union_all(*(figures(recent, kind, now, having=judged) for kind in COLUMNS))
    with reading() as connection:
        rows = connection.execute(query).all()
    for campaign_id, *row in rows:
        cluster = cluster_of(row)
        if rule := broken_rule(cluster):
            yield SuspiciousCluster(campaign_id, cluster.kind, bytes(row[1]), rule)


def _by_size(allowed: Collection[bytes]) -> Iterator[SuspiciousCluster]:
    """The small domains of a campaign that have had too many confirmations within a week, alone or with those that share their
    mail server.
    """
    newest = (
        select(Signature.campaign_id, Signature.domain_hash, Signature.network_hash)
        .where(text(SMALL_CONFIRMED), Signature.confirmed_at >= clock.now() - WEEK)
        # Held ones do not count, so a flood of them does not fill MAX_ROWS.
        .where(Signature.state == SignatureState.CONFIRMED, Signature.domain_hash.is_not(None))
        .order_by(Signature.confirmed_at.desc())
        .limit(MAX_ROWS)
        .subquery()
    )
    server = func.coalesce(MailServer.server_hash, newest.c.domain_hash)
    number, networks = func.count(), func.count(newest.c.network_hash.distinct())
    query = (
        select(newest.c.campaign_id, server, number, networks)
        .outerjoin(MailServer, MailServer.domain_hash == newest.c.domain_hash)
        .where(newest.c.domain_hash.not_in(allowed))
        .group_by(newest.c.campaign_id, server)
        .having(number >= MAX_SCATTERED)
    )
    with reading() as connection:
        for campaign_id, server_hash, confirmed, different in connection.execute(query).all():
            if rule := size_rule(confirmed, different):
                shared = select(MailServer.domain_hash).where(MailServer.server_hash == server_hash)
                for hashed in {bytes(server_hash), *map(bytes, connection.execute(shared).scalars())}:
                    yield SuspiciousCluster(campaign_id, OriginKind.DOMAIN, hashed, rule)


def recent_sign_ups(*conditions: ColumnElement[bool]) -> CTE:
    """The newest sign-ups that meet these conditions."""
    return (
        select(
            *(Signature.campaign_id, *COLUMNS.values(), Signature.state, Signature.hold_reason),
            *(Signature.submitted_at, and_(*WAITS).label("waits")),
            IS_SMALL.label("is_small"),
            seconds_between(Signature.submitted_at, Signature.confirmed_at).label("seconds"),
        )
        .where(*conditions)
        .order_by(Signature.submitted_at.desc())
        .limit(MAX_ROWS)
        .cte("recent")
    )


def figures(
    recent: CTE,
    kind: OriginKind,
    now: datetime,
    *,
    having: ColumnElement[bool],
    more: Sequence[ColumnElement[Any]] = (),
) -> Select[Any]:
    """Of each cluster that is large enough to be judged: its campaign, kind and hash, the figures of Cluster, and `more`."""
    column, rows, number = recent.c[COLUMNS[kind].key], recent.c, func.count()
    counts = rows.seconds.is_not(None) if kind is OriginKind.WIDE_NETWORK else true()
    ripe = [rows.submitted_at <= now - speed.within for speed in SPEEDS]
    answered = [
        is_ripe & (rows.seconds <= speed.within.total_seconds())
        for is_ripe, speed in zip(ripe, SPEEDS, strict=True)
    ]
    return (
        select(
            *(func.max(rows.campaign_id), literal(kind.value), column),
            *(number.filter(counts), number.filter(counts & rows.is_small)),
            func.count(case((counts & rows.is_small, rows.domain_hash)).distinct()),
            *(number.filter(condition) for condition in (*ripe, *answered)),
            *more,
        )
        .where(column.is_not(None))
        .group_by(column)
        .having(having)
    )


def cluster_of(row: Sequence[Any]) -> Cluster:
    """The figures in a row of `figures`, from its kind on."""
    kind, _hash, sign_ups, small, domains, *speeds = row
    times = len(SPEEDS)
    return Cluster(OriginKind(kind), sign_ups, small, domains, speeds[:times], speeds[times : 2 * times])
