"""What staff see of the watch: where somebody is held, and what looks made by a program."""

from datetime import timedelta

import pytest

from pledge.abuse import mail_servers
from pledge.abuse.mail_servers import MailHosts
from pledge.abuse.models import OriginKind
from pledge.abuse.origin_list import Origin
from pledge.core import clock
from pledge.signatures import origins
from pledge.watch import clusters, queries
from tests.support.factories import SLUG, crowd, signature, the_campaign

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def facts(domain="robots.example", ago=timedelta(minutes=10), **more):
    return {"domain_hash": origins.domain_hash(SLUG, domain), "at": clock.now() - ago, **more}


def listed():
    listing = queries.report(the_campaign().id, SLUG).clusters
    return {
        (listed_cluster.origin.kind, listed_cluster.origin.hash): listed_cluster for listed_cluster in listing
    }


def domain(name="robots.example"):
    return OriginKind.DOMAIN, origins.domain_hash(SLUG, name)


def test_a_single_held_signature_is_listed_by_its_domain_however_long_ago_it_came():
    crowd(5, domain="naver.com", **facts("naver.com"))
    signature(state="held", hold_reason="signals", **facts("naver.com", timedelta(days=30)))
    listing = listed()
    assert list(listing) == [domain("naver.com")]
    cluster = listing[domain("naver.com")]
    assert (cluster.provider, cluster.held, cluster.reasons) == ("naver.com", 1, {"signals": 1})


def test_what_was_counted_before_it_showed_itself_is_listed_with_the_reason():
    crowd(30, domain="robots.example", **facts())
    cluster = listed()[domain()]
    assert (cluster.confirmed, cluster.held, cluster.indicators) == (30, 0, {"size": 0})
    assert cluster.share == 1


def test_whoever_is_held_is_listed_however_many_have_come_since(monkeypatch):
    monkeypatch.setattr(clusters, "MAX_ROWS", 20)
    signature(state="held", hold_reason="size", **facts("company.co.kr", timedelta(days=2)))
    crowd(30, domain="naver.com", **facts("naver.com"))
    assert listed()[domain("company.co.kr")].held == 1


def test_of_domains_that_share_a_mail_server_it_is_told_how_many_they_are_and_what_came_there():
    for name in ("one.kr", "two.kr", "three.kr"):
        mail_servers.note(origins.domain_hash(SLUG, name), name, SLUG)
        mail_servers.look_up_next(lambda _host: MailHosts([(10, "mx.robots.co.kr.")]))
        crowd(10 if name != "three.kr" else 4, domain=name, **facts(name))
    crowd(10, domain="other.kr", **facts("other.kr"))
    listing = {
        name: queries.find(Origin(the_campaign().id, *domain(name)), SLUG).group
        for name in ("one.kr", "two.kr", "three.kr", "other.kr")
    }
    group = listing["one.kr"]
    assert group == listing["two.kr"]
    assert (group.confirmed, group.is_held, len(group.domains)) == (20, False, 2)
    assert [len(listing[name].domains) for name in ("three.kr", "other.kr")] == [1, 1]


def test_what_speaks_for_people_is_told_from_ten_on(frozen_clock):
    """A company on a Tuesday, mostly in its office, where some have an address at a provider."""
    office, home = (origins.network_hash(SLUG, network) for network in ("203.0.113.7", "198.51.100.7"))
    today = clock.now().replace(hour=2)  # 11 in Seoul
    at_work = today - timedelta(days=(today.weekday() - 1) % 7)
    at_night = at_work - timedelta(hours=10)
    company = Origin(the_campaign().id, *domain("company.co.kr"))
    here = {"domain": "company.co.kr", "domain_hash": company.hash}
    crowd(9, at=at_work, network_hash=office, **here)
    assert queries.evidence(company) is None
    crowd(3, at=at_night, network_hash=home, **here)
    crowd(
        4,
        at=at_work,
        domain="naver.com",
        mail_provider="naver",
        network_hash=office,
        domain_hash=domain("naver.com")[1],
    )
    crowd(2, at=at_work, domain="shop.kr", network_hash=office, domain_hash=domain("shop.kr")[1])
    figures = queries.evidence(company)
    assert (figures.largest_network, figures.in_working_hours) == (0.75, 0.75)
    assert (figures.at_providers, round(figures.median)) == (4, 300)


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
