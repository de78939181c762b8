"""Clusters of sign-ups that no group of people makes: the rule, on numbers alone.

A cluster is what came at one mail domain, from one network or from the wider one around it. People come in crowds too: a hall
behind one address, a company at one domain, half a city behind a carrier's. Crowds are told from programs by how they answer
their mail. People have to notice it, open it and press: some do so within a minute, many later, and some never.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from pledge.abuse.models import OriginKind


class Pattern(StrEnum):
    """What gives a cluster away. The values are stored (signatures.hold_reason), so they stay as they are."""

    SPEED = "speed"  #: too many answer their mail too soon
    DOMAINS = "domains"  #: addresses at dozens of small domains from one place


@dataclass(frozen=True)
class Speed:
    """A share of answers that people do not reach: of those who signed at least `within` ago, so many have confirmed by then."""

    within: timedelta
    share: float
    least: int  #: of fewer sign-ups at one domain it says nothing


#: Rehearsed in rehearsals/robots/ with people of many kinds: within a quarter of a minute 1 in 30 confirms, within one minute 1 in
#: 7, in a hall where somebody asks them to 4 in 10, within ten minutes 7 in 10.
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
LEAST = min(MANY_SIGN_UPS, *(speed.least for speed in SPEEDS))


@dataclass(frozen=True)
class Cluster:
    """The figures of one cluster within the time that is looked at."""

    kind: OriginKind
    sign_ups: int  #: in the wider network those that were confirmed, as anybody can send forms from there
    small: int  #: those of them at other domains than the large providers'
    ripe: Sequence[int]  #: for each of SPEEDS: those who signed at least so long ago
    answered: Sequence[int]  #: and of these, who had confirmed by then
    domains: int = 0  #: how many domains the small ones are; needed where needs_domains() says so


def pattern(of: Cluster) -> Pattern | None:
    """What gives the cluster away; None: it may be people."""
    is_domain = of.kind is OriginKind.DOMAIN
    times = 1 if is_domain else IN_ONE_ROOM
    for speed, ripe, answered in zip(SPEEDS, of.ripe, of.answered, strict=True):
        if ripe >= speed.least * times and answered >= ripe * speed.share:
            return Pattern.SPEED
    return Pattern.DOMAINS if needs_domains(of) and of.domains >= MANY_DOMAINS else None


def needs_domains(of: Cluster) -> bool:
    """Whether it matters how many domains they are: enough sign-ups from one place, and few of them at large providers."""
    is_large = of.kind is not OriginKind.DOMAIN and of.sign_ups >= MANY_SIGN_UPS
    return is_large and of.small >= of.sign_ups * SMALL_SHARE
