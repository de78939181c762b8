"""Growth and places as a program sees them: the lines of the page and of the packs, and nobody in them."""

import pytest

from pledge.ledger.models import Kind
from pledge.statistics import at_checkpoint, published_places
from pledge.statistics.breakdowns import breakdowns, totals
from pledge.web.caching import cache
from tests.support.factories import campaign, crowd, endorsement, fold_all, signature, the_campaign

NAMES = ("history", "regions", "countries")

pytestmark = pytest.mark.usefixtures("app")


def read(client, name, slug="blue-skies"):
    reply = client.get(f"/api/v1/campaigns/{slug}/{name}")
    assert reply.status_code == 200
    return reply.get_json()


def some_people():
    for region, number in (("KR-11", 7), ("KR-26", 9), ("KR-49", 2)):
        for _ in range(number):
            signature(region=region)
    for _ in range(6):
        signature(country="JP", region=None)
    fold_all()
    published_places.renew()


@pytest.mark.parametrize("name", NAMES)
def test_a_campaign_that_nobody_signed_has_no_lines(client, frozen_clock, name):
    campaign()
    assert read(client, name) == {
        "as_of": frozen_clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "checkpoint": None,
        "people": 0,
        "organizations": 0,
        "smallest_shown": 5,
        name: [],
    }


def test_the_lines_are_those_of_the_totals_in_packs(client):
    some_people()
    found = totals("blue-skies")
    for name, lines in (("regions", found.by_region), ("countries", found.by_country)):
        assert [(line["key"], line["label"]["ko"], line["people"]) for line in read(client, name)[name]] == [
            (line.key, line.label["ko"], line.people) for line in lines
        ]
    days = {line["day"]: line["people"] for line in read(client, "history")["history"]}
    assert days == {line.key: line.people for line in found.by_day}
    counted = at_checkpoint.counted(the_campaign().id, read(client, "history")["checkpoint"])
    packed = breakdowns(counted.tallies[Kind.PERSON])
    assert (packed.by_country, packed.by_region, packed.by_day) == (
        found.by_country,
        found.by_region,
        found.by_day,
    )


@pytest.mark.parametrize("name", NAMES)
def test_lines_add_up_to_the_count_and_none_is_small(client, name):
    some_people()
    found = read(client, name)
    people = [line["people"] for line in found[name] if line["people"] is not None]
    assert sum(people) == found["people"] == 24
    assert min(people) >= found["smallest_shown"]
    assert found["checkpoint"] == 24


def test_history_holds_both_kinds_and_a_line_without_a_day(client, frozen_clock):
    crowd(12)
    frozen_clock.move(days=1)
    crowd(3)
    frozen_clock.move(days=1)
    crowd(2)
    endorsement()
    fold_all()
    first, day, other = read(client, "history")["history"]
    assert (first["people"], first["organizations"]) == (12, 0)
    assert (day["people"], day["organizations"]) == (None, 1)
    assert other == {"day": "other", "people": 5, "organizations": 0}


@pytest.mark.parametrize("name", NAMES)
def test_the_tag_changes_with_the_numbers_and_not_with_time(client, frozen_clock, name):
    some_people()
    address = f"/api/v1/campaigns/blue-skies/{name}"
    tag = client.get(address).headers["ETag"]
    frozen_clock.move(seconds=30)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    crowd(20)
    fold_all()
    frozen_clock.move(hours=1)
    published_places.renew()
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_any_site_may_read_it_and_caches_may_keep_it(client, statements, name):
    campaign()
    headers = client.get(f"/api/v1/campaigns/blue-skies/{name}").headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=5," in headers["Cache-Control"]
    with statements() as seen:
        client.get(f"/api/v1/campaigns/blue-skies/{name}")
    assert seen == []


@pytest.mark.parametrize("name", ["regions", "countries"])
def test_a_poller_who_knows_when_somebody_confirmed_learns_nothing_of_where(client, frozen_clock, name):
    """Fifty people confirm one after the other, and the documents are read after each."""
    some_people()
    before, count = read(client, name), 24
    for number in range(50):
        signature(country="FR" if number % 2 else "KR", region=None if number % 2 else "KR-49")
        fold_all()
        frozen_clock.move(minutes=2)
        cache.clear()
        moved = published_places.renew()
        count += 1
        assert client.get("/api/v1/campaigns/blue-skies/count").get_json()["people"] == count, "it stays live"
        now = read(client, name)
        if moved:
            assert now["people"] - before["people"] >= 20
            assert now["as_of"] >= before["as_of"]
            assert now["checkpoint"] == count
        else:
            assert now == before
        before = now
    assert before["people"] > 24


@pytest.mark.parametrize("name", NAMES)
def test_drafts_and_unknown_campaigns_are_404_in_json(client, name):
    campaign("secret", state="draft")
    for slug in ("secret", "nothing"):
        reply = client.get(f"/api/v1/campaigns/{slug}/{name}")
        assert reply.status_code == 404
        assert reply.get_json()["status"] == 404
