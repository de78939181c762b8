"""What staff see of the watch: a campaign's suspicious clusters of the last week, and those with held signatures."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, and_, func, select, text, union_all

from pledge.abuse.models import HoldReason, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.core import clock
from pledge.core.db import fetch, reading
from pledge.core.i18n import SEOUL
from pledge.signatures.models import HELD, HOLD_REASONS, SMALL_CONFIRMED, Signature, SignatureState
from pledge.signatures.origins import provider_domains
from pledge.watch.clusters import (
    COLUMNS,
    MAX_ROWS,
    MIN_SIZE,
    SPEEDS,
    WEEK,
    Group,
    broken_rule,
    cluster_of,
    figures,
    groups,
    recent_sign_ups,
)

#: The most clusters listed, those with the most held signatures first: a company may be among hundreds of robots' domains.
MAX_LISTED = 300
#: Of fewer no speed is told: that would be about single persons.
MIN_SHOWN = 10


@dataclass(frozen=True)
class ClusterReport:
    """The figures of a cluster, which identify nobody."""

    origin: Origin
    provider: str | None  #: the name of a large mail provider's domain
    since: datetime  #: when the first of them signed
    sign_ups: int
    confirmed: int  #: and counted
    held: int  #: confirmed, until staff decide
    marked: int  #: not confirmed yet, and held when they are
    withdrawn: int
    invalidated: int
    networks: int  #: how many different ones they came from
    within_a_minute: float | None  #: the share of answers by then; None: too few to be told
    share: float  #: of all sign-ups of that time
    reasons: dict[str, int]  #: why how many of them are held, or would be
    rule: HoldReason | None  #: what gives it away
    group: Group | None  #: of a small domain, with which it is added up

    @property
    def waiting(self) -> int:
        """Not confirmed yet, and counted when they are."""
        return self.sign_ups - self.confirmed - self.held - self.marked - self.withdrawn - self.invalidated

    @property
    def indicators(self) -> dict[str, int]:
        """The reasons to look at it, each with the number of held sign-ups."""
        return self.reasons | ({self.rule: 0} if self.rule and self.rule not in self.reasons else {})


@dataclass(frozen=True)
class Evidence:
    """Figures that suggest people or a program, of a cluster large enough to identify nobody."""

    largest_network: float  #: the share that came from the one that most came from
    in_working_hours: float  #: the share that signed on a weekday from 8 to 19 in Seoul
    median: float | None  #: seconds until half of those who confirmed had
    at_providers: int  #: sign-ups at providers from the same networks


@dataclass(frozen=True)
class WatchReport:
    """The sign-ups of a campaign's last week."""

    sign_ups: int
    is_cut: bool  #: there were more: only the newest were read
    clusters: list[ClusterReport]


def report(campaign_id: int, slug: str) -> WatchReport:
    """Suspicious clusters that still need a decision, and those with sign-ups that are or would be held."""
    with reading() as connection:
        sign_ups, clusters = _clusters(connection, campaign_id, slug)
    listed = [
        cluster
        for cluster in clusters
        if (cluster.rule and cluster.withdrawn + cluster.invalidated < cluster.sign_ups)
        or (cluster.origin.kind is OriginKind.DOMAIN and cluster.reasons)
    ]
    listed.sort(key=lambda cluster: (-(cluster.held + cluster.marked), -cluster.sign_ups))
    return WatchReport(sign_ups, sign_ups >= MAX_ROWS, listed[:MAX_LISTED])


def find(origin: Origin, slug: str) -> ClusterReport | None:
    """One cluster of any size; None if nothing came from there."""
    with reading() as connection:
        _, clusters = _clusters(connection, origin.campaign_id, slug, origin)
    return next(iter(clusters), None)


def evidence(origin: Origin) -> Evidence | None:
    """The evidence on a cluster; None if it is so small that it would describe single persons."""
    recent = _recent(origin.campaign_id).c
    is_here = recent[COLUMNS[origin.kind].key] == origin.hash
    rows = fetch(select(recent.network_hash, recent.submitted_at, recent.seconds).where(is_here)).all()
    if len(rows) < MIN_SHOWN:
        return None
    networks = Counter(row.network_hash for row in rows if row.network_hash)
    hours = [row.submitted_at.astimezone(SEOUL) for row in rows]
    beside = ~recent.is_small & recent.network_hash.in_(list(networks))
    return Evidence(
        largest_network=max(networks.values(), default=0) / len(rows),
        in_working_hours=sum(at.weekday() < 5 and 8 <= at.hour < 19 for at in hours) / len(rows),
        median=median(answers)
        if (answers := [row.seconds for row in rows if row.seconds is not None])
        else None,
        at_providers=fetch(select(func.count()).where(beside)).scalar_one(),
    )


def _recent(campaign_id: int) -> CTE:
    """The newest sign-ups of a week, and whoever is held: they wait for a decision however long ago they signed."""
    last_week = Signature.state != SignatureState.HELD, Signature.submitted_at >= clock.now() - WEEK
    of_campaign = Signature.campaign_id == campaign_id
    return recent_sign_ups(and_(of_campaign, *last_week), and_(of_campaign, text(HELD)))


def _groups_of(hashes: Collection[bytes]) -> dict[bytes, Group]:
    """The group of each of these domains: a held group before others, then one of several domains."""
    domains = select(Signature.campaign_id, Signature.domain_hash).where(
        text(SMALL_CONFIRMED), Signature.domain_hash.in_(hashes), Signature.confirmed_at >= clock.now() - WEEK
    )
    ordered = sorted(groups(domains.distinct()), key=lambda group: (group.is_held, len(group.domains)))
    return {hashed: group for group in ordered for hashed in group.domains}


def _clusters(
    connection: Connection, campaign_id: int, slug: str, only: Origin | None = None
) -> tuple[int, list[ClusterReport]]:
    """How many sign-ups there are, and their clusters: all that may be listed, or only that of one origin."""
    recent = _recent(campaign_id)
    total = int(connection.execute(select(func.count()).select_from(recent)).scalar_one())
    number = func.count()
    state, reason = recent.c.state, recent.c.hold_reason
    marked = (state == SignatureState.PENDING) & reason.is_not(None)
    states = (
        SignatureState.CONFIRMED,
        SignatureState.HELD,
        SignatureState.WITHDRAWN,
        SignatureState.INVALIDATED,
    )
    is_open = (state == SignatureState.HELD) | marked
    more: Sequence[ColumnElement[Any]] = (
        *(
            func.min(recent.c.submitted_at),
            number,
            number.filter(marked),
            func.count(recent.c.network_hash.distinct()),
        ),
        *(number.filter(state == value) for value in states),
        *(number.filter(is_open & (reason == value)) for value in HOLD_REASONS),
    )
    having = number > 0 if only else (number >= MIN_SIZE) | (number.filter(is_open) > 0)
    kinds = [OriginKind(only.kind)] if only else list(COLUMNS)
    queries = [figures(recent, kind, clock.now(), having=having, more=more) for kind in kinds]
    if only:
        (query,) = queries
        queries = [query.where(recent.c[COLUMNS[only.kind].key] == only.hash)]
    rows = connection.execute(union_all(*queries)).all()
    by_domain = _groups_of({row[2] for row in rows if row[1] == OriginKind.DOMAIN})
    return total, [_report(slug, total, row, by_domain) for row in rows]


def _report(slug: str, total: int, row: Sequence[Any], by_domain: Mapping[bytes, Group]) -> ClusterReport:
    campaign_id, *row = row
    cluster, hashed = cluster_of(row), bytes(row[1])
    since, size, marked, networks, confirmed, held, withdrawn, invalidated, *reasons = row[
        5 + 2 * len(SPEEDS) :
    ]
    provider, group = provider_domains(slug).get(hashed), by_domain.get(hashed)
    rule = None if provider else broken_rule(cluster)
    if rule is None and group and group.is_held:
        rule = HoldReason.SIZE
    return ClusterReport(
        Origin(campaign_id, cluster.kind, hashed),
        provider,
        since,
        size,
        confirmed,
        held,
        marked,
        withdrawn,
        invalidated,
        networks,
        within_a_minute=cluster.answered[1] / cluster.ripe[1] if cluster.ripe[1] >= MIN_SHOWN else None,
        share=size / max(1, total),
        reasons={name: number for name, number in zip(HOLD_REASONS, reasons, strict=True) if number},
        rule=rule,
        group=group,
    )
