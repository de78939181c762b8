"""What is told of the sign-ups of a time: clusters of them, their figures, and what about them is unlike people."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pledge.abuse.models import OriginKind
from pledge.signatures.shapes import Shapes

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


class By(StrEnum):
    """What the sign-ups of a cluster have in common: their origin, the link they came by, or the time."""

    NETWORK = OriginKind.NETWORK
    WIDE_NETWORK = OriginKind.WIDE_NETWORK
    DOMAIN = OriginKind.DOMAIN
    VIA = "via"
    TIME = "time"


class ClusterMark(StrEnum):
    """What about a cluster is unlike people."""

    FAST = "fast"  #: half of them confirmed within FAST_SECONDS of the mail
    ALL_CONFIRMED = "all_confirmed"  #: nearly all are confirmed: of people some always forget
    NONE_CONFIRMED = "none_confirmed"  #: nearly none is: perhaps other people's addresses
    SAME_ADDRESSES = "same_addresses"  #: the addresses are built alike
    SAME_NAMES = "same_names"  #: so are the names, in a way that is not that of Korean names
    MANY_NETWORKS = "many_networks"  #: at one small mail domain from nearly as many networks as sign-ups


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
