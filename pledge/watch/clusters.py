"""Clusters of sign-ups that look made by programs: the rules, on numbers alone, and their queries.

A cluster is what came at one mail domain, from one network or from the wider one around it. People come in crowds too: a hall
behind one address, a company at one domain, half a city behind a carrier's. Crowds are told from programs by how they answer
their mail. People have to notice it, open it and press: some do so within a minute, many later, and some never.

A patient program answers like people. So a mail domain may have no more confirmations in a week than a family, a shop or a small
office has, or its share of a large campaign; an institution's has room for many. Domains that share a mail server are added up, of
these only the ones that have brought a few: anybody can name a stranger's server, and nobody is held for what others did.
Providers, what staff allow and the domains of published organisations may have any number.

Only hashes and times are read, of sign-ups that came from another machine. Anybody can send forms that nobody confirms, so
outside their own network they count for nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    SelectBase,
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
from pledge.abuse.models import HoldReason, MailHost, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import fetch
from pledge.core.db.snapshots import Snapshot
from pledge.core.db.types import ago, any_in_order
from pledge.core.domains import is_shared, mail_domain
from pledge.endorsements.queries import proven_domains
from pledge.ledger.queries import people_since
from pledge.mail.providers import OTHER
from pledge.signatures.invalidation.models import seconds_between
from pledge.signatures.models import SMALL_CONFIRMED, Signature, SignatureState
from pledge.signatures.origins import domain_hash, provider_domains
from pledge.signatures.statements import HELD_BY_FORM


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
#: For HoldReason.DOMAINS, from one place: minimum of sign-ups, of small domains, and of the share of sign-ups at these.
MANY_SIGN_UPS, MANY_DOMAINS, SMALL_SHARE = 50, 20, 0.6
#: The confirmations of one small domain in a week from which on it is held. The worker looks every few seconds, so a few more are
#: counted.
WEEK = timedelta(days=7)
MAX_CONFIRMED = 25
#: In a large campaign it is this share of all confirmations of the week: companies sign in proportion to it, and a robot's domain
#: still adds no more than one in four thousand. It exceeds MAX_CONFIRMED from 100,000 a week on.
MAX_SHARE = 1 / 4000
#: So many times as many may come from an institution: 800. Nobody can buy such a name, so it is there for one whose mail was broken into.
INSTITUTION_FACTOR = 32
#: A domain with fewer is not added to the others of its mail server, nor held with them.
MIN_BROUGHT = 5
#: Smaller clusters are not judged by speed and domains.
MIN_SIZE = min(MANY_SIGN_UPS, *(speed.min_size for speed in SPEEDS))
#: A small domain is counted anew for this long after somebody signed or confirmed there.
ACTIVE_FOR = timedelta(minutes=2)
#: How far back speed and domains are examined.
WINDOW = timedelta(hours=1)
#: The most rows that one query reads, newest first, so that it costs the same on the busiest day.
MAX_ROWS = 20_000
#: Seconds that the domains of organisations are cached.
_expected: Snapshot[frozenset[bytes]] = Snapshot("domains of organisations", frozenset, 60)

#: Who is not confirmed yet and may be put on hold.
WAITS = (
    Signature.state == SignatureState.PENDING,
    or_(Signature.hold_reason.is_(None), Signature.hold_reason.in_(HELD_BY_FORM)),
    Signature.cleared.is_(False),
)
COLUMNS = {
    OriginKind.DOMAIN: Signature.domain_hash,
    OriginKind.NETWORK: Signature.network_hash,
    OriginKind.WIDE_NETWORK: Signature.wide_network_hash,
}


@dataclass(frozen=True)
class Cluster:
    """The figures of one cluster in the time that is examined."""

    kind: OriginKind
    sign_ups: int  #: in the wider network those that were confirmed, as anybody can send forms from there
    small: int  #: those of them at other domains than the providers'
    domains: int  #: how many domains these are
    ripe: Sequence[int]  #: for each of SPEEDS: those who signed at least so long ago
    answered: Sequence[int]  #: and of these, who had confirmed by then


def broken_rule(cluster: Cluster) -> HoldReason | None:
    """The rule that the cluster breaks; None if it may be people."""
    is_domain = cluster.kind is OriginKind.DOMAIN
    if is_domain and not cluster.small:
        return None
    times = 1 if is_domain else SAME_PLACE_FACTOR
    for speed, ripe, answered in zip(SPEEDS, cluster.ripe, cluster.answered, strict=True):
        if ripe >= speed.min_size * times and answered >= ripe * speed.share:
            return HoldReason.SPEED
    if is_domain or cluster.sign_ups < MANY_SIGN_UPS or cluster.small < cluster.sign_ups * SMALL_SHARE:
        return None
    return HoldReason.DOMAINS if cluster.domains >= MANY_DOMAINS else None


@dataclass(frozen=True)
class Group:
    """Small domains of a campaign whose confirmations of the week are added up: one, or several that share a mail server."""

    campaign_id: int
    domains: Mapping[bytes, int]  #: how many came at each
    bar: int  #: from how many on they are held

    @property
    def origins(self) -> list[Origin]:
        return [Origin(self.campaign_id, OriginKind.DOMAIN, hashed) for hashed in self.domains]

    @property
    def confirmed(self) -> int:
        return sum(self.domains.values())

    @property
    def is_held(self) -> bool:
        return self.confirmed >= self.bar


def size_bar(people: int, *, is_institution: bool = False) -> int:
    """The confirmations in a week from which a small domain is held, for a campaign that gained `people` in that week."""
    return max(MAX_CONFIRMED, int(people * MAX_SHARE)) * (INSTITUTION_FACTOR if is_institution else 1)


#: SQL: somebody signed or confirmed so lately that suspicious() or too_large() may find something.
ANYBODY_LATELY = or_(
    any_in_order(
        select(Signature.id).where(Signature.submitted_at >= ago(WINDOW)).order_by(Signature.submitted_at)
    ),
    any_in_order(
        select(Signature.id)
        .where(text(SMALL_CONFIRMED), Signature.confirmed_at >= ago(ACTIVE_FOR))
        .order_by(Signature.confirmed_at)
    ),
)


def suspicious() -> dict[HoldReason, list[Origin]]:
    """The clusters that are given away by speed and domains and in which somebody may wait, without those that staff allow."""
    exempt = exempt_from_rules()
    origins = defaultdict(list)
    for rule, origin in _by_speed_and_domains():
        if origin.hash not in exempt:
            origins[rule].append(origin)
    return origins


def exempt_from_rules() -> frozenset[bytes]:
    """The hashes of what staff allow, and of providers."""
    return origin_list.allowed().union(*(provider_domains(slug) for slug in slugs().values()))


def is_small() -> ColumnElement[bool]:
    """SQL: not at a provider. The largest ones are named in the row, the others known by the hash of their domain."""
    providers = frozenset().union(*(provider_domains(slug) for slug in slugs().values()))
    return and_(Signature.mail_provider == OTHER, Signature.domain_hash.not_in(providers))


def _by_speed_and_domains() -> Iterator[tuple[HoldReason, Origin]]:
    now = clock.now()
    recent = recent_sign_ups(
        and_(Signature.submitted_at >= now - WINDOW, Signature.wide_network_hash.is_not(None))
    )
    judged = (func.count() >= MIN_SIZE) & (func.count().filter(recent.c.waits) > 0)
    small = judged & (func.count().filter(recent.c.is_small) > 0)
    having = {kind: small if kind is OriginKind.DOMAIN else judged for kind in COLUMNS}
    query = union_all(*(figures(recent, kind, now, having=having[kind]) for kind in COLUMNS))
    rows = fetch(query).all()
    for campaign_id, *row in rows:
        cluster = cluster_of(row)
        if rule := broken_rule(cluster):
            yield rule, Origin(campaign_id, cluster.kind, bytes(row[1]))


def too_large() -> list[Group]:
    """The groups with too many confirmations, among those where somebody signed or confirmed lately: elsewhere nothing has
    changed.
    """
    since = clock.now() - ACTIVE_FOR
    columns = Signature.campaign_id, Signature.domain_hash
    active = union(
        select(*columns).where(text(SMALL_CONFIRMED), Signature.confirmed_at >= since),
        select(*columns).where(Signature.mail_provider == OTHER, Signature.submitted_at >= since),
    )
    return [group for group in groups(active) if group.is_held]


def groups(of: SelectBase) -> Iterator[Group]:
    """The groups of these domains, given by campaign and hash: each by itself, and with those that share its mail server."""
    since = clock.now() - WEEK
    people, organizations = people_since(since), _expected.current(_read_expected)
    given, own, shared, host = of.cte("given"), aliased(MailHost), aliased(MailHost), aliased(MailHost)
    is_own = own.domain_hash == given.c.domain_hash
    servers = select(given.c.campaign_id, own.server_hash).join(own, is_own).distinct().subquery()
    is_neighbour = shared.server_hash == servers.c.server_hash
    neighbours = select(servers.c.campaign_id, shared.domain_hash).join(shared, is_neighbour)
    domains = union(select(given).where(given.c.domain_hash.is_not(None)), neighbours).cte("domains")
    # By the index for each domain, however many the planner expects.
    counted = (text(SMALL_CONFIRMED), Signature.confirmed_at >= since)
    number = select(func.count()).where(Signature.domain_hash == domains.c.domain_hash, *counted)
    query = (
        select(domains, number.scalar_subquery().label("confirmed"), host.server_hash, host.is_institution)
        .outerjoin(host, host.domain_hash == domains.c.domain_hash)
        .where(domains.c.domain_hash.not_in(exempt_from_rules()))
    )
    rows = [row for row in fetch(query) if bytes(row.domain_hash) not in organizations]
    institutions = {bytes(row.domain_hash) for row in rows if row.is_institution}
    alone: dict[bytes, Group] = {}
    by_server: dict[tuple[int, bytes], dict[bytes, int]] = defaultdict(dict)
    for row in rows:
        hashed, campaign = bytes(row.domain_hash), row.campaign_id
        is_institution = hashed in institutions
        bar = size_bar(people[campaign], is_institution=is_institution)
        alone[hashed] = Group(campaign, {hashed: row.confirmed}, bar)
        if row.server_hash and row.confirmed >= MIN_BROUGHT and not is_institution:
            by_server[campaign, bytes(row.server_hash)][hashed] = row.confirmed
    yield from alone.values()
    for (campaign, _server), brought in by_server.items():
        if len(brought) > 1:
            yield Group(campaign, brought, size_bar(people[campaign]))


def _read_expected() -> frozenset[bytes]:
    """The hashes of the domains of published organisations, whose people are expected."""
    names = slugs()
    proven = [(names[campaign_id], mail_domain(host)) for campaign_id, host in proven_domains()]
    return frozenset(domain_hash(slug, domain) for slug, domain in proven if not is_shared(domain))


def recent_sign_ups(*kinds: ColumnElement[bool]) -> CTE:
    """SQL: the newest sign-ups of each of these disjoint kinds."""
    columns = (
        *(Signature.campaign_id, *COLUMNS.values(), Signature.state, Signature.hold_reason),
        *(Signature.submitted_at, and_(*WAITS).label("waits")),
        is_small().label("is_small"),
        seconds_between(Signature.submitted_at, Signature.confirmed_at).label("seconds"),
    )
    newest = select(*columns).order_by(Signature.submitted_at.desc()).limit(MAX_ROWS)
    return union_all(*(select(newest.where(kind).subquery()) for kind in kinds)).cte("recent")


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
