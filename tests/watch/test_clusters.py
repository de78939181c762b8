"""The rule of clusters: what no group of people does, and groups of people that it leaves alone."""

import pytest

from pledge.abuse.models import HoldReason, OriginKind
from pledge.watch.clusters import Cluster, broken_rule

DOMAIN, NETWORK, WIDE = OriginKind.DOMAIN, OriginKind.NETWORK, OriginKind.WIDE_NETWORK
NOBODY = (0, 0, 0)


CASES = {
    "ten at one domain, seven within 15 s": (
        Cluster(DOMAIN, 10, 10, 1, (10, 0, 0), (7, 0, 0)),
        HoldReason.SPEED,
    ),
    "six of ten are too few": (Cluster(DOMAIN, 10, 10, 1, (10, 0, 0), (6, 0, 0)), None),
    "nine say nothing": (Cluster(DOMAIN, 9, 9, 1, (9, 0, 0), (9, 0, 0)), None),
    "from one place nineteen say nothing": (Cluster(NETWORK, 19, 0, 0, (19, 0, 0), (19, 0, 0)), None),
    "from one place twenty do": (Cluster(NETWORK, 20, 0, 0, (20, 0, 0), (14, 0, 0)), HoldReason.SPEED),
    "nine in ten within a minute": (Cluster(DOMAIN, 40, 40, 1, (40, 20, 0), (9, 18, 0)), HoldReason.SPEED),
    "nearly all within ten minutes": (
        Cluster(DOMAIN, 100, 100, 1, (100, 100, 100), (0, 30, 97)),
        HoldReason.SPEED,
    ),
    "a hall: half within a minute, most in the end": (
        Cluster(NETWORK, 200, 80, 1, (200, 200, 180), (16, 96, 158)),
        None,
    ),
    "a company: one domain, from everywhere": (
        Cluster(DOMAIN, 400, 400, 1, (400, 390, 300), (12, 55, 215)),
        None,
    ),
    "a carrier: thousands behind one address": (
        Cluster(NETWORK, 5000, 400, 19, (4990, 4900, 4000), (140, 700, 2850)),
        None,
    ),
    "twenty small domains from one /48": (Cluster(WIDE, 50, 30, 20, NOBODY, NOBODY), HoldReason.DOMAINS),
    "the same where most are at Naver": (Cluster(WIDE, 50, 29, 20, NOBODY, NOBODY), None),
    "nineteen domains": (Cluster(WIDE, 500, 500, 19, NOBODY, NOBODY), None),
    "forty-nine sign-ups": (Cluster(WIDE, 49, 49, 30, NOBODY, NOBODY), None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_cluster_is_judged_by_its_figures_alone(case):
    cluster, expected = CASES[case]
    assert broken_rule(cluster) is expected
