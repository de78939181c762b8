"""Clusters of sign-ups that no group of people makes: the rules, on numbers alone, and the queries for the numbers.

A cluster is what came at one mail domain, from one network or from the wider one around it. People come in crowds too: a hall
behind one address, a company at one domain, half a city behind a carrier's. Crowds are told from programs by how they answer
their mail. People have to notice it, open it and press: some do so within a minute, many later, and some never.

A patient program answers like people. So a mail domain that is neither a large provider's nor allowed by staff may have no more
confirmations in a week than a family, a shop or a small office has; domains that share a mail server count together.

Only hashes and times are read, of sign-ups that came from another machine. Anybody can send forms that nobody confirms, so
outside their own network they count for nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
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
    union,
    union_all,
)
from sqlalchemy.orm import aliased

from pledge.abuse import origin_list
from pledge.abuse.models import MailServer, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import fetch, reading
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
#: From one place a cluster must be this many times larger: people in one room are told to look at their mail at the same moment.
SAME_PLACE_FACTOR = 2
#: For Rule.DOMAINS, of one place: the fewest sign-ups, the fewest small domains, and the smallest share of sign-ups at these.
MANY_SIGN_UPS, MANY_DOMAINS, SMALL_SHARE = 50, 20, 0.6
#: The confirmations of one small domain in a week from which on it is held: in any case, and where this share of them came from
#: different networks. The worker looks every few seconds, so a few more are counted.
WEEK = timedelta(days=7)
MAX_CONFIRMED, MAX_SCATTERED, SCATTERED_SHARE = 25, 24, 0.9
#: Smaller clusters are not judged by speed and domains.
MIN_SIZE = min(MANY_SIGN_UPS, *(speed.min_size for speed in SPEEDS))
#: A small domain is counted anew for this long after somebody signed or confirmed there.
ACTIVE_FOR = timedelta(minutes=2)
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


def broken_rule(cluster: Cluster) -> Rule | None:
    """What gives the cluster away; None: it may be people."""
    is_domain = cluster.kind is OriginKind.DOMAIN
    if is_domain and not cluster.small:
        return None
    times = 1 if is_domain else SAME_PLACE_FACTOR
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


def suspicious() -> dict[Rule, list[Origin]]:
    """The clusters that are given away and in which somebody may wait, by what gives them away; without those that staff allow."""
    allowed = origin_list.allowed()
    exempt = allowed.union(*(large_domains(slug) for slug in slugs().values()))
    found = defaultdict(list)
    for rule, origin in chain(_by_speed_and_domains(), _by_size(exempt)):
        if origin.hash not in exempt:
            found[rule].append(origin)
    return found


def _by_speed_and_domains() -> Iterator[tuple[Rule, Origin]]:
    now = clock.now()
    recent = recent_sign_ups(Signature.submitted_at >= now - WINDOW, Signature.wide_network_hash.is_not(None))
    judged = (func.count() >= MIN_SIZE) & (func.count().filter(recent.c.waits) > 0)
    small = judged & (func.count().filter(recent.c.is_small) > 0)
    having = {kind: small if kind is OriginKind.DOMAIN else judged for kind in COLUMNS}
    query = union_all(*(figures(recent, kind, now, having=having[kind]) for kind in COLUMNS))
    rows = fetch(query).all()
    for campaign_id, *row in rows:
        cluster = cluster_of(row)
        if rule := broken_rule(cluster):
            yield rule, Origin(campaign_id, cluster.kind, bytes(row[1]))


def _by_size(exempt: Collection[bytes]) -> Iterator[tuple[Rule, Origin]]:
    """The small domains of a campaign that have had too many confirmations within a week, alone or with those that share their
    mail server. Only where somebody has signed or confirmed lately: elsewhere nothing has changed.
    """
    since = clock.now() - ACTIVE_FOR
    active = union(
        select(Signature.domain_hash).where(text(SMALL_CONFIRMED), Signature.confirmed_at >= since),
        select(Signature.domain_hash).where(IS_SMALL, Signature.submitted_at >= since),
    ).subquery()
    shared = aliased(MailServer)
    own = select(MailServer.server_hash).where(MailServer.domain_hash == active.c.domain_hash)
    server = func.coalesce(own.scalar_subquery(), active.c.domain_hash).label("hash")
    servers = select(server).where(active.c.domain_hash.is_not(None)).distinct().subquery()
    domain = func.coalesce(shared.domain_hash, servers.c.hash)
    counted = (text(SMALL_CONFIRMED), Signature.confirmed_at >= clock.now() - WEEK)
    # By the index for each domain, however many the planner expects.
    number = select(func.count()).where(Signature.domain_hash == domain, *counted).scalar_subquery()
    query = (
        select(servers.c.hash, domain, number)
        .outerjoin(shared, shared.server_hash == servers.c.hash)
        .where(domain.not_in(exempt))
    )
    networks = select(Signature.campaign_id, func.count(Signature.network_hash.distinct()))
    by_server: dict[bytes, dict[bytes, int]] = defaultdict(dict)
    with reading() as connection:
        for server_hash, domain_hash, confirmed in connection.execute(query):
            by_server[bytes(server_hash)][bytes(domain_hash)] = confirmed
        for domains in by_server.values():
            if (confirmed := sum(domains.values())) < MAX_SCATTERED:
                continue
            of_domains = networks.where(Signature.domain_hash.in_(domains), *counted)
            for campaign_id, different in connection.execute(of_domains.group_by(Signature.campaign_id)):
                if rule := size_rule(confirmed, different):
                    for domain_hash in domains:
                        yield rule, Origin(campaign_id, OriginKind.DOMAIN, domain_hash)


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
        # The others are left out before the figures, which sort their rows.
        .where(column.in_(select(column).group_by(column).having(having)))
        .group_by(column)
    )


def cluster_of(row: Sequence[Any]) -> Cluster:
    """The figures in a row of `figures`, from its kind on."""
    kind, _hash, sign_ups, small, domains, *speeds = row
    times = len(SPEEDS)
    return Cluster(OriginKind(kind), sign_ups, small, domains, speeds[:times], speeds[times : 2 * times])
