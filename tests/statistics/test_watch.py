"""What stands out among the sign-ups of a time, measured against what is usual for the campaign."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from pledge.core import clock as time
from pledge.core.db import transaction
from pledge.mailed_links.links import new_id
from pledge.signatures import origins
from pledge.signatures.models import Signature
from pledge.statistics import watch
from pledge.statistics.watch import By, ClusterMark, Key, Window
from tests.support import factories
from tests.support.factories import SLUG

MINUTE = timedelta(minutes=1)


@pytest.fixture
def campaign(app, frozen_clock):
    return factories.campaign()


def came(number, domain, *, ago=30 * MINUTE, network="{}", wide="{}", took=300, local="hong{}kim", **facts):
    """So many sign-ups, each from another network unless `network` names one. `took`: seconds to confirm; None: not confirmed."""
    at = time.now() - ago
    moments = [at + timedelta(seconds=index * 0.5) for index in range(number)]
    rows = [
        {
            "id": new_id(),
            "campaign_id": factories.the_campaign().id,
            "address_hash": secrets.token_bytes(32),
            "content_hash": secrets.token_bytes(32),
            "state": "pending" if took is None else "confirmed",
            "email": f"{local.format('x' * (index % 7))}@{domain}",
            "name": "홍길동",
            "country": "KR",
            "public_name": False,
            "updates": False,
            "lang": "ko",
            "pledge_text_id": 1,
            "privacy_version": "2026-11-24",
            "salt": "a salt",
            "commitment": secrets.token_bytes(32),
            "submitted_at": moment,
            "code_since": at,
            "confirmed_at": None if took is None else moment + timedelta(seconds=took),
            "domain_hash": origins.domain_hash(SLUG, domain),
            "network_hash": hashed(network.format(f"{domain} {index} {at}")),
            "wide_network_hash": hashed("wide " + wide.format(f"{domain} {index} {at}")),
            **facts,
        }
        for index, moment in enumerate(moments)
    ]
    with transaction() as session:
        session.execute(insert(Signature), rows)


def hashed(network):
    return origins.network_hash(SLUG, network)


def usual_weeks():
    """Four hundred people in the weeks before: Naver, Gmail, and a telephone company's network."""
    came(260, "naver.com", ago=timedelta(days=9))
    came(80, "gmail.com", ago=timedelta(days=8))
    came(60, "hanmail.net", ago=timedelta(days=7), network="the telephone company's")


def usual_hour():
    came(65, "naver.com")
    came(20, "gmail.com", ago=20 * MINUTE)
    came(15, "hanmail.net", ago=10 * MINUTE, network="the telephone company's")


def robots(number=60):
    """One domain, each from another network of one block, at once, and confirmed within seconds."""
    came(number, "catchall.example", wide="one block", took=3, local="user12345", ago=15 * MINUTE)


def look(campaign, window=Window.HOUR):
    return watch.watch(campaign.id, SLUG, window)


def domain(name):
    return Key(By.DOMAIN, origins.domain_hash(SLUG, name))


def test_a_wave_of_robots_tops_the_list_and_the_usual_share_of_a_large_provider_is_not_on_it(campaign):
    usual_weeks()
    usual_hour()
    robots()
    found = look(campaign)
    assert {cluster.key for cluster in found.clusters[:2]} == {
        domain("catchall.example"),
        Key(By.WIDE_NETWORK, hashed("wide one block")),
    }
    assert not [cluster.key for cluster in found.clusters if cluster.domain]
    naver = found.providers[0]
    assert (naver.domain, naver.counts.all, naver.usual) == ("naver.com", 65, 0.65)
    assert found.counts.all == 160


def test_an_hour_like_all_others_has_nothing_that_stands_out(campaign):
    usual_weeks()
    usual_hour()
    found = look(campaign)
    assert [cluster.key for cluster in found.clusters if cluster.key.by is not By.TIME] == []


def test_a_large_provider_stands_out_when_far_more_than_usual_come_from_it(campaign):
    usual_weeks()
    usual_hour()
    came(150, "gmail.com", took=3)
    first = next(one for one in look(campaign).clusters if one.key.by is By.DOMAIN)
    assert (first.domain, first.counts.all, first.usual) == ("gmail.com", 170, 0.2)


def test_on_a_first_day_large_providers_do_not_stand_out_and_robots_do(campaign):
    usual_hour()
    robots()
    found = look(campaign)
    assert found.providers[0].usual is None
    assert domain("catchall.example") in [cluster.key for cluster in found.clusters]
    assert not [cluster for cluster in found.clusters if cluster.domain]


def test_what_is_unlike_people_is_said(campaign):
    usual_weeks()
    usual_hour()
    robots()
    of_robots = next(one for one in look(campaign).clusters if one.key == domain("catchall.example"))
    assert set(of_robots.marks) == {
        *(ClusterMark.FAST, ClusterMark.ALL_CONFIRMED, ClusterMark.SAME_ADDRESSES, ClusterMark.MANY_NETWORKS),
    }
    assert of_robots.median == pytest.approx(3, abs=0.01)
    assert of_robots.addresses == [("aaaa99999@●", 60)]
    assert of_robots.names == [("가가가", 60)]


def test_addresses_of_strangers_that_nobody_confirms_are_marked(campaign):
    usual_weeks()
    usual_hour()
    came(40, "company.example", took=None)
    (found,) = [one for one in look(campaign).clusters if one.key == domain("company.example")]
    assert ClusterMark.NONE_CONFIRMED in found.marks
    assert (found.counts.waiting, found.counts.answered, found.median) == (40, 0, None)


def test_a_hall_behind_one_network_is_listed_without_a_mark(campaign):
    usual_weeks()
    usual_hour()
    came(30, "naver.com", network="the hall", took=240)
    came(5, "gmail.com", network="the hall", took=None)
    (hall,) = [one for one in look(campaign).clusters if one.key == Key(By.NETWORK, hashed("the hall"))]
    assert (hall.counts.all, hall.marks) == (35, [])


def test_what_became_of_sign_ups_is_told_apart(campaign):
    for state, number in (("confirmed", 5), ("withdrawn", 2)):
        came(number, "one.example", state=state)
    came(3, "one.example", state="held", hold_reason="speed")
    came(4, "one.example", took=None)
    came(6, "one.example", took=None, hold_reason="blocked")
    counts = look(campaign).counts
    assert (counts.all, counts.confirmed, counts.held, counts.marked, counts.withdrawn) == (20, 5, 3, 6, 2)
    assert (counts.waiting, counts.answered) == (4, 10)


def test_many_at_once_are_shown_as_a_stretch_of_time(campaign):
    usual_weeks()
    for minute in range(0, 60, 2):
        came(2, f"small{minute}.example", ago=timedelta(minutes=minute, seconds=30))
    came(80, "naver.com", ago=21 * MINUTE)
    (burst,) = [one for one in look(campaign).clusters if one.key.by is By.TIME]
    assert burst.counts.all >= 80
    assert burst.since <= time.now() - 20 * MINUTE < burst.since + 2 * Window.HOUR.step


def test_shapes_that_are_more_frequent_than_usual_are_listed(campaign):
    usual_weeks()
    usual_hour()
    robots()
    (pattern,) = look(campaign).patterns
    assert (pattern.shape, pattern.of_names, pattern.usual) == ("aaaa99999@●", False, 0)
    assert pattern.share == pytest.approx(60 / 160)


def test_nobodys_name_or_address_is_in_what_is_found(campaign):
    usual_hour()
    robots()
    said = repr(look(campaign))
    for personal in ("user", "hong", "길동", "catchall"):
        assert personal not in said


def test_only_the_newest_are_read_when_there_are_too_many(campaign, monkeypatch):
    monkeypatch.setattr(watch, "MOST", 50)
    came(80, "naver.com", ago=30 * MINUTE)
    came(40, "gmail.com", ago=5 * MINUTE)
    found = look(campaign)
    assert found.is_cut
    assert found.counts.all == 50
    assert found.providers[0].domain == "gmail.com"


def test_another_campaign_is_left_out(campaign):
    other = factories.campaign("other-sky")
    came(30, "naver.com")
    assert watch.watch(other.id, "other-sky", Window.WEEK).counts.all == 0


def test_a_row_that_no_key_opens_does_not_take_the_page_away(campaign):
    came(12, "one.example", network="one network")
    with transaction() as session:
        session.execute(text("UPDATE signatures SET email = :email"), {"email": b"damaged"})
    found = look(campaign)
    assert found.counts.all == 12
    assert found.clusters[0].addresses == []


def test_one_cluster_can_be_looked_at_whatever_its_size(campaign):
    usual_weeks()
    usual_hour()
    came(2, "small.example", took=60)
    cluster, since = watch.cluster(campaign.id, SLUG, Window.DAY, domain("small.example"))
    # Of so few neither speed nor shapes are told.
    assert (cluster.counts.all, cluster.median, cluster.addresses, cluster.names) == (2, None, [], [])
    assert since == time.now() - timedelta(days=1)
    nobody, _ = watch.cluster(campaign.id, SLUG, Window.HOUR, domain("nobody.example"))
    assert (nobody.counts.all, nobody.marks, nobody.excess) == (0, [], 0)


def test_what_is_unlike_people_comes_before_a_larger_crowd(campaign):
    usual_weeks()
    usual_hour()
    came(70, "naver.com", network="the hall", took=240)
    came(20, "gmail.com", network="the hall", took=None)
    robots(25)
    found = [bool(cluster.marks) for cluster in look(campaign).clusters]
    assert found[:2] == [True, True]
    assert found == sorted(found, reverse=True)
    assert False in found
