"""What staff see of the watch: where somebody is held, and what looks made by a program."""

from datetime import timedelta

import pytest

from pledge.abuse.models import OriginKind
from pledge.abuse.origin_list import Origin
from pledge.core import clock
from pledge.signatures import origins
from pledge.watch import queries
from tests.support.factories import SLUG, crowd, signature, the_campaign

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def facts(domain="robots.example", ago=timedelta(minutes=10), **more):
    return {"domain_hash": origins.domain_hash(SLUG, domain), "at": clock.now() - ago, **more}


def listed():
    found = queries.report(the_campaign().id, SLUG).clusters
    return {(one.origin.kind, one.origin.hash): one for one in found}


def domain(name="robots.example"):
    return OriginKind.DOMAIN, origins.domain_hash(SLUG, name)


def test_a_single_held_signature_is_listed_by_its_domain_however_long_ago_it_came():
    crowd(5, domain="naver.com", **facts("naver.com"))
    signature(state="held", hold_reason="signals", **facts("naver.com", timedelta(days=30)))
    found = listed()
    assert list(found) == [domain("naver.com")]
    cluster = found[domain("naver.com")]
    assert (cluster.provider, cluster.held, cluster.reasons) == ("naver.com", 1, {"signals": 1})


def test_what_was_counted_before_it_showed_itself_is_listed_with_the_reason():
    crowd(30, domain="robots.example", **facts())
    cluster = listed()[domain()]
    assert (cluster.confirmed, cluster.held, cluster.indicators) == (30, 0, {"size": 0})
    assert cluster.share == 1


def test_a_few_of_a_small_domain_many_of_a_large_provider_and_what_is_decided_are_not_listed():
    for _ in range(12):
        signature(state="invalidated", **facts())
    crowd(15, domain="shop.example", **facts("shop.example"))
    crowd(40, domain="naver.com", **facts("naver.com"))
    assert listed() == {}


def test_of_fewer_than_ten_no_speed_is_told():
    crowd(9, domain="robots.example", **facts())
    origin = Origin(the_campaign().id, *domain())
    assert queries.find(origin, SLUG).within_a_minute is None
    crowd(1, domain="robots.example", **facts())
    assert queries.find(origin, SLUG).within_a_minute == 0
    nobody = Origin(the_campaign().id, *domain("nobody.example"))
    assert queries.find(nobody, SLUG) is None
