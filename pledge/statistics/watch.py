"""Sign-ups of the last hour, day or week that have something in common, measured against what is usual for a campaign.

A cluster is a network, a wider one (IPv4 /24, IPv6 /48), a mail domain, somebody's link or a stretch of time. What is usual is
its share in the weeks before, so that a large mail provider or the network of a telephone company stands out only when
more come from there than usual. The newest MOST sign-ups are read, whatever the time, so the work is bounded on the
busiest day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)

from pledge.abuse.models import OriginKind
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.db.types import UTCDateTime
from pledge.core.i18n import Phrase
from pledge.signatures.invalidation.models import seconds_between, seconds_to_confirm
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import large_domains
from pledge.signatures.shapes import SEALED, Shapes, most_frequent

#: A cluster is listed from so many sign-ups on, beyond its usual share.
MIN_EXCESS = 10
#: Confirmed within this by half of them: people need longer to open a mail.
FAST_SECONDS = 10
#: What more than this share has in common is a pattern.
ALIKE = 0.8
#: Fewer say nothing about a share.
ENOUGH = 20


class Window(StrEnum):
    """The time that is looked at."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        return {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[self.value]

    @property
    def step(self) -> timedelta:
        """How long the stretches of time are into which it is cut."""
        return {"hour": timedelta(minutes=2), "day": timedelta(minutes=30), "week": timedelta(hours=3)}[
            self.value
        ]


WINDOW_LABELS = {
    Window.HOUR: Phrase("watch", "Last hour"),
    Window.DAY: Phrase("watch", "Last 24 hours"),
    Window.WEEK: Phrase("watch", "Last 7 days"),
}


class By(StrEnum):
    """What the sign-ups of a cluster have in common: their origin, the link they came by, or the time."""

    NETWORK = OriginKind.NETWORK
    WIDE_NETWORK = OriginKind.WIDE_NETWORK
    DOMAIN = OriginKind.DOMAIN
    VIA = "via"
    TIME = "time"


KIND_LABELS = {
    By.NETWORK: Phrase("watch", "Network"),
    By.WIDE_NETWORK: Phrase("watch", "Wider network"),
    By.DOMAIN: Phrase("watch", "E-mail domain"),
    By.VIA: Phrase("watch", "Shared link"),
    By.TIME: Phrase("watch", "Many at once"),
}


class ClusterMark(StrEnum):
    """What about a cluster is unlike people."""

    FAST = "fast"  #: half of them confirmed within FAST_SECONDS of the mail
    ALL_CONFIRMED = "all_confirmed"  #: nearly all are confirmed: of people some always forget
    NONE_CONFIRMED = "none_confirmed"  #: nearly none is: perhaps other people's addresses
    SAME_ADDRESSES = "same_addresses"  #: the addresses are built alike
    SAME_NAMES = "same_names"  #: so are the names, in a way that is not that of Korean names
    MANY_NETWORKS = "many_networks"  #: at one small mail domain from nearly as many networks as sign-ups


MARK_LABELS = {
    ClusterMark.FAST: Phrase("watch", "confirmed within seconds of the e-mail: people need longer"),
    ClusterMark.ALL_CONFIRMED: Phrase("watch", "nearly all are confirmed: among people, some always forget"),
    ClusterMark.NONE_CONFIRMED: Phrase("watch", "hardly any are confirmed: perhaps other people’s addresses"),
    ClusterMark.SAME_ADDRESSES: Phrase("watch", "the addresses are built alike"),
    ClusterMark.SAME_NAMES: Phrase("watch", "the names are built alike"),
    ClusterMark.MANY_NETWORKS: Phrase("watch", "a small domain, and each from another network"),
}


@dataclass(frozen=True)
class Counts:
    """What became of sign-ups."""

    all: int
    confirmed: int
    held: int  #: confirmed, until staff decide
    marked: int  #: not confirmed yet, and held when they are
    withdrawn: int
    invalidated: int

    @property
    def waiting(self) -> int:
        """Not confirmed yet, and counted when they are."""
        return self.all - self.confirmed - self.held - self.marked - self.withdrawn - self.invalidated

    @property
    def answered(self) -> int:
        """How many were confirmed, whatever followed."""
        return self.all - self.waiting - self.marked


@dataclass(frozen=True)
class Key:
    """Which cluster it is: a hash, a code, or the number of a stretch of time."""

    by: By
    value: bytes | str | int


@dataclass
class WatchedCluster:
    key: Key
    counts: Counts
    share: float  #: of all sign-ups of the time
    usual: float | None  #: its share in the weeks before; None when that is not known
    domain: str | None = None  #: the name of a large mail provider's domain
    since: datetime | None = None  #: of a stretch of time
    until: datetime | None = None
    median: float | None = None  #: seconds from the mail to the confirmation
    networks: int = 0  #: different ones in the sample
    sampled: int = 0
    addresses: Shapes = field(default_factory=list)  #: the most frequent shapes in the sample
    names: Shapes = field(default_factory=list)

    @property
    def excess(self) -> float:
        """Sign-ups beyond the usual share."""
        expected = self.share if self.usual is None and self.domain else (self.usual or 0.0)
        return self.counts.all * (1 - expected / self.share) if self.share else 0.0

    @property
    def stands_out(self) -> bool:
        """More than usual, and half as much again: shares go up and down."""
        return self.excess >= MIN_EXCESS and self.share >= 1.5 * (self.usual or 0.0)

    @property
    def marks(self) -> list[ClusterMark]:
        all_, found = self.counts.all, []
        if self.median is not None and self.median < FAST_SECONDS:
            found.append(ClusterMark.FAST)
        if all_ >= ENOUGH and self.counts.answered >= 0.97 * all_:
            found.append(ClusterMark.ALL_CONFIRMED)
        if all_ >= ENOUGH and self.counts.answered <= 0.1 * all_:
            found.append(ClusterMark.NONE_CONFIRMED)
        if _is_alike(self.addresses, self.sampled):
            found.append(ClusterMark.SAME_ADDRESSES)
        if _is_alike(self.names, self.sampled) and not self.names[0][0].startswith("가"):
            found.append(ClusterMark.SAME_NAMES)
        if (
            self.key.by is By.DOMAIN
            and not self.domain
            and self.sampled >= ENOUGH
            and self.networks >= ALIKE * self.sampled
        ):
            found.append(ClusterMark.MANY_NETWORKS)
        return found


@dataclass(frozen=True)
class FrequentShape:
    """A shape of names or addresses that is more frequent than usual."""

    of_names: bool
    shape: str
    share: float
    usual: float


@dataclass(frozen=True)
class Watched:
    """The sign-ups of a time."""

    since: datetime
    is_cut: bool  #: there were more: only the newest MOST are here, since `since`
    counts: Counts
    clusters: list[WatchedCluster]  #: what stands out, with a mark first, then the most
    providers: list[WatchedCluster]  #: the large mail providers, the largest first
    patterns: list[FrequentShape]  #: shapes of names and addresses that are more frequent than usual


def _is_alike(shapes: Shapes, sampled: int) -> bool:
    return sampled >= ENOUGH and bool(shapes) and shapes[0][1] >= ALIKE * sampled


#: Sign-ups read, newest first: of the time that is looked at, and of the weeks before it.
MOST = 20_000
BEFORE = timedelta(weeks=4)
#: With fewer than this before, nothing is known to be usual.
MIN_BEFORE = 200
MAX_LISTED = 12
#: Of each sort so many are measured, the largest first.
MAX_GROUPS = 50
MAX_TIMES = 500
#: Sign-ups of a cluster that are looked at one by one, for their speed and shape.
SAMPLE = 60
#: Of fewer neither speed nor shapes are told: that would be about single persons.
MIN_SAMPLED = 10
#: Shapes shown of a cluster.
SHAPES = 3
#: Sign-ups whose shapes are compared with those of as many before.
PATTERN_SAMPLE = 500


def watch(campaign_id: int, slug: str, window: Window) -> Watched:
    """What stands out among the sign-ups of this time."""
    with reading() as connection:
        look, is_cut = _look(connection, campaign_id, slug, window)
        newest = look.rows("newest")
        total = _counts(connection.execute(select(*_sums(newest))).one())
        found = {key: counts for by in By for key, counts in _grouped(look, newest, by).items()}
        clusters = _measured(look, total, found)
        _expect_even_times(look, clusters)
        # Whoever is held waits for a decision, however few they are.
        listed = [one for one in clusters if one.stands_out or (one.counts.held and one.key.by is By.DOMAIN)]
        listed.sort(key=lambda cluster: -cluster.excess)
        times = [cluster for cluster in listed if cluster.key.by is By.TIME]
        listed = [cluster for cluster in listed if cluster not in times[1:]][:MAX_LISTED]
        providers = [cluster for cluster in clusters if cluster.domain]
        providers = sorted(providers, key=lambda cluster: -cluster.counts.all)[:MAX_LISTED]
        _sample(look, [*listed, *providers])
        # What is unlike people first; each of the two is in order already.
        listed.sort(key=lambda cluster: not cluster.marks)
        return Watched(look.since, is_cut, total, listed, providers, _patterns(look))


def cluster(campaign_id: int, slug: str, window: Window, key: Key) -> tuple[WatchedCluster, datetime]:
    """One cluster in this time, whatever its size, and since when."""
    with reading() as connection:
        look, _ = _look(connection, campaign_id, slug, window)
        newest = look.rows("newest")
        total = _counts(connection.execute(select(*_sums(newest))).one())
        of_key = select(*_sums(newest)).where(newest.c[_COLUMNS[key.by]] == key.value)
        (cluster,) = _measured(look, total, {key: _counts(connection.execute(of_key).one())})
        _sample(look, [cluster])
    return cluster, look.since


def look_up(actor: Actor, campaign_id: int, kind: OriginKind) -> None:
    """Record that somebody looked for a network or mail domain that they typed; not which."""
    with transaction() as session:
        record(session, actor, "watch.look_up", f"campaign:{campaign_id}", of=kind.value)


@dataclass(frozen=True)
class _Look:
    """Which sign-ups are looked at."""

    connection: Connection
    campaign_id: int
    slug: str
    since: datetime
    until: datetime
    step: timedelta

    def rows(self, name: str) -> CTE:
        return _rows(self.campaign_id, self.since, self.until).cte(name)

    def before(self) -> Select[*tuple[Any, ...]]:
        """Those that were counted in the weeks before."""
        confirmed = Signature.state == SignatureState.CONFIRMED
        return _rows(self.campaign_id, self.since - BEFORE, self.since).where(confirmed)


#: The columns of `signatures` by which sign-ups are grouped; stretches of time are computed.
_COLUMNS = {
    By.NETWORK: "network_hash",
    By.WIDE_NETWORK: "wide_network_hash",
    By.DOMAIN: "domain_hash",
    By.VIA: "via",
}


def _look(connection: Connection, campaign_id: int, slug: str, window: Window) -> tuple[_Look, bool]:
    """At the newest MOST of a time; and whether there are more."""
    now = clock.now()
    first = now - window.length
    in_time = (Signature.campaign_id == campaign_id, Signature.submitted_at >= first)
    query = select(Signature.submitted_at).where(*in_time).order_by(Signature.submitted_at.desc())
    cut = connection.execute(query.offset(MOST).limit(1)).scalar()
    return _Look(connection, campaign_id, slug, cut or first, now, window.step), cut is not None


def _rows(campaign_id: int, since: datetime, until: datetime) -> Select[*tuple[Any, ...]]:
    columns = (getattr(Signature, name) for name in _COLUMNS.values())
    in_time = (Signature.submitted_at > since, Signature.submitted_at <= until)
    return (
        select(Signature.id, *columns, Signature.state, Signature.hold_reason, Signature.submitted_at)
        .where(Signature.campaign_id == campaign_id, *in_time)
        .order_by(Signature.submitted_at.desc())
        .limit(MOST)
    )


def _sums(rows: CTE) -> Sequence[ColumnElement[Any]]:
    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    state = rows.c.state
    marked = and_(state == SignatureState.PENDING, rows.c.hold_reason.is_not(None))
    others = (SignatureState.WITHDRAWN, SignatureState.INVALIDATED)
    return (
        func.count(),
        number(state == SignatureState.CONFIRMED),
        number(state == SignatureState.HELD),
        number(marked),
        *(number(state == other) for other in others),
    )


def _counts(row: Sequence[Any]) -> Counts:
    return Counts(*(int(number) for number in row))


def _column(look: _Look, rows: CTE, by: By) -> ColumnElement[Any]:
    """By what sign-ups are grouped."""
    if by is not By.TIME:
        return rows.c[_COLUMNS[by]]
    seconds = seconds_between(literal(look.since, UTCDateTime), rows.c.submitted_at)
    return cast(func.floor(seconds / look.step.total_seconds()), Integer)


def _grouped(look: _Look, rows: CTE, by: By) -> dict[Key, Counts]:
    """The largest clusters of one sort."""
    column = _column(look, rows, by).label("value")
    query = select(column, *_sums(rows)).where(column.is_not(None)).group_by(column)
    query = query.order_by(func.count().desc()).limit(MAX_TIMES if by is By.TIME else MAX_GROUPS)
    return {Key(by, _plain(row[0])): _counts(row[1:]) for row in look.connection.execute(query)}


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview | bytes) else value


def _measured(look: _Look, total: Counts, found: Mapping[Key, Counts]) -> list[WatchedCluster]:
    """Clusters with their share, and the usual one: that among the people who were counted in the weeks before."""
    before = look.before().cte("before")
    people = look.connection.execute(select(func.count()).select_from(before)).scalar_one()
    usual: dict[Key, float] = {}
    for by, name in _COLUMNS.items() if people >= MIN_BEFORE else ():
        column, values = before.c[name], [key.value for key in found if key.by is by]
        query = select(column, func.count()).where(column.in_(values)).group_by(column)
        usual |= {Key(by, _plain(value)): number / people for value, number in look.connection.execute(query)}
    domains = large_domains(look.slug)
    return [
        WatchedCluster(
            key,
            counts,
            share=counts.all / max(1, total.all),
            usual=usual.get(key, 0.0) if people >= MIN_BEFORE else None,
            domain=domains.get(bytes(key.value)) if isinstance(key.value, bytes) else None,
        )
        for key, counts in found.items()
    ]


def _expect_even_times(look: _Look, clusters: list[WatchedCluster]) -> None:
    """Of a stretch of time twice as many as of most of them are nothing strange."""
    times = [cluster for cluster in clusters if cluster.key.by is By.TIME]
    stretches = max(1, round((look.until - look.since) / look.step))
    shares = [cluster.share for cluster in times] + [0.0] * (stretches - len(times))
    twice_even = 2 * max(float(median(shares)), 1 / stretches)
    for cluster in times:
        cluster.usual = twice_even
        cluster.since = look.since + look.step * int(cluster.key.value)
        cluster.until = min(cluster.since + look.step, look.until)


def _sample(look: _Look, clusters: Iterable[WatchedCluster]) -> None:
    """Look at the newest sign-ups of each that is large enough one by one: how fast they were confirmed, from where, and how they are built."""
    of_sort: dict[By, dict[Any, WatchedCluster]] = defaultdict(dict)
    for cluster in clusters:
        if cluster.counts.all >= MIN_SAMPLED:
            of_sort[cluster.key.by][cluster.key.value] = cluster
    for by, of in of_sort.items():
        sampled = defaultdict(list)
        for value, *row in look.connection.execute(_newest_of(look, by, list(of))):
            sampled[_plain(value)].append(row)
        for value, cluster in of.items():
            _describe(cluster, sampled[value])


def _newest_of(look: _Look, by: By, values: list[Any]) -> Select[*tuple[Any, ...]]:
    """Of each of these clusters the newest: network, address, name, and seconds to the confirmation."""
    rows = look.rows("newest")
    column = _column(look, rows, by)
    number = func.row_number().over(partition_by=column, order_by=rows.c.submitted_at.desc())
    ranked = (
        select(rows.c.id, column.label("value"), number.label("number")).where(column.in_(values)).subquery()
    )
    return (
        select(ranked.c.value, Signature.network_hash, *SEALED, seconds_to_confirm())
        .join_from(ranked, Signature, Signature.id == ranked.c.id)
        .where(ranked.c.number <= SAMPLE)
    )


def _describe(cluster: WatchedCluster, rows: Sequence[Any]) -> None:
    times = [row[3] for row in rows if row[3] is not None]
    cluster.median = median(times) if times else None
    cluster.networks = len({bytes(row[0]) for row in rows if row[0] is not None})
    cluster.sampled = len(rows)
    cluster.addresses, cluster.names = most_frequent(
        ((row[1], row[2]) for row in rows), cluster.domain or "●", SHAPES
    )


def _patterns(look: _Look) -> list[FrequentShape]:
    """Shapes that are far more frequent than in the weeks before, the most frequent first."""
    now, now_found = _built(look, _rows(look.campaign_id, look.since, look.until))
    before, before_found = _built(look, look.before())
    if before < MIN_BEFORE:
        return []
    patterns = [
        FrequentShape(of_names, text, times / now, dict(usual).get(text, 0) / before)
        for of_names, found, usual in zip((False, True), now_found, before_found, strict=True)
        for text, times in found[:MAX_LISTED]
        if times >= MIN_EXCESS
    ]
    more = (pattern for pattern in patterns if pattern.share >= 2 * pattern.usual + 0.02)
    return sorted(more, key=lambda pattern: -pattern.share)


def _built(look: _Look, rows: Select[*tuple[Any, ...]]) -> tuple[int, tuple[Shapes, Shapes]]:
    """How many of these sign-ups were looked at, and the shapes of their addresses and names."""
    found = look.connection.execute(rows.with_only_columns(*SEALED).limit(PATTERN_SAMPLE)).all()
    return len(found), most_frequent(((row[0], row[1]) for row in found), "●", PATTERN_SAMPLE)
