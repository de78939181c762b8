"""The documents about a campaign as a program sees them: count, growth, places and organisations, and nobody in them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from pledge.core import clock
from pledge.core.db import db
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.ledger import leaves, log_queries
from pledge.statistics import places
from pledge.statistics.referrals import organization_code
from pledge.statistics.totals import campaign_facts, totals_at
from pledge.web.api import campaigns as views
from tests.support.factories import (
    campaign,
    crowd,
    endorsement,
    fold_all,
    signature,
)
from tests.support.published_log import unframed

COUNT = "/api/v1/campaigns/blue-skies/count"
ORGANIZATIONS = "/api/v1/campaigns/blue-skies/organizations"
NAMES = ("history", "regions", "countries")

pytestmark = pytest.mark.usefixtures("app")


# --- The count ---


def test_a_campaign_without_signatures_counts_zero(client, frozen_clock):
    campaign()
    reply = client.get(COUNT)
    assert reply.get_json() == {
        "people": 0,
        "organizations": 0,
        "paper": 0,
        "as_of": frozen_clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "checkpoint": 0,
    }


def test_the_document_of_a_campaign_has_its_steps_with_what_is_done_and_when_each_was_reached(client):
    sentences = Texts(ko="10명: 묻습니다", en="10: We ask")
    campaign(goal=100, goal_steps=[10, 50], step_sentences=sentences)
    crowd(12)
    fold_all()
    today = clock.now().astimezone(SEOUL) - timedelta(hours=1)  # when they signed
    assert client.get("/api/v1/campaigns/blue-skies").get_json()["steps"] == [
        {
            "people": 10,
            "sentence": {"ko": "묻습니다", "en": "We ask"},
            "reached_on": today.date().isoformat(),
        },
        *({"people": step, "sentence": {}, "reached_on": None} for step in (50, 100)),
    ]


def test_the_count_names_no_checkpoint_while_the_log_catches_up(client, frozen_clock):
    signature()
    fold_all()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_heads SET log_size = 0"))
    answer = client.get(COUNT).get_json()
    assert (answer["people"], answer["checkpoint"]) == (1, None)


def test_caches_may_keep_the_count_for_a_second_and_serve_it_while_the_site_is_away(client):
    campaign()
    headers = client.get(COUNT).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    rules = headers["Cache-Control"]
    assert "max-age=1," in rules
    assert "stale-while-revalidate=" in rules
    assert "stale-if-error=" in rules


# --- Growth and places ---


def read(client, name, slug="blue-skies"):
    reply = client.get(f"/api/v1/campaigns/{slug}/{name}")
    assert reply.status_code == 200
    return reply.get_json()


def some_people():
    for region, number in (("KR-11", 7), ("KR-26", 9), ("KR-49", 2)):
        crowd(number, region=region)
    crowd(6, country="JP", region=None)
    fold_all()
    places.renew_places()


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
    facts = campaign_facts("blue-skies")
    totals = totals_at(facts)
    for name, lines in (("regions", totals.by_region), ("countries", totals.by_country)):
        assert [(line["key"], line["label"]["ko"], line["people"]) for line in read(client, name)[name]] == [
            (line.key, line.label["ko"], line.people) for line in lines
        ]
    days = {line["day"]: line["people"] for line in read(client, "history")["history"]}
    assert days == {line.key: line.people for line in totals.by_day}
    packed = totals_at(facts, log_queries.newest(facts.id))
    assert packed.checkpoint.size == read(client, "history")["checkpoint"]
    for lines in ("by_country", "by_region", "by_day"):
        assert getattr(packed, lines) == getattr(totals, lines)


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
    places.renew_places()
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


# --- Organisations ---


def test_published_ones_are_listed_with_what_the_wall_shows(client):
    campaign()
    row = endorsement(
        name_ko="푸른항구",
        name_en="",
        type="business",
        level="site",
        target_year=2045,
        interim_year=2030,
        interim_percent=40,
        base_year=2018,
        scope="own",
        plan_url="https://harbour.example/plan",
        report_url="https://harbour.example/report",
        website="https://harbour.example",
        group_goal=30,
        at=datetime(2026, 12, 31, 15, tzinfo=UTC),
        affirmed_at=datetime(2027, 2, 1, tzinfo=UTC),
    )
    endorsement(state="review")
    crowd(14, via=organization_code(row.id))
    reply = client.get(ORGANIZATIONS)
    (organization,) = reply.get_json()["organizations"]
    assert organization == {
        "id": str(row.id),
        "name": {"ko": "푸른항구", "en": None},
        "type": "business",
        "country": "KR",
        "region": "KR-11",
        "level": "site",
        "target_year": 2045,
        "interim_year": 2030,
        "interim_percent": 40,
        "base_year": 2018,
        "scope": "own",
        "plan_url": "https://harbour.example/plan",
        "report_url": "https://harbour.example/report",
        "reported_in": 2027,
        "heard_at": "2027-02-01T00:00:00Z",
        "website": "https://harbour.example",
        "group_goal": 30,
        "group_people": 10,
        "since": row.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "url": f"http://localhost/ko/c/blue-skies/organizations/{row.id}",
        "entry": None,
        "salt": None,
    }
    assert reply.get_json()["next"] is None
    assert client.get(organization["url"].removeprefix("http://localhost")).status_code == 200


def test_anybody_can_open_the_entry_of_an_organisation_on_the_list(client):
    signature(campaign())
    row = endorsement()
    endorsement(state="withdrawn")
    fold_all()
    (organization,) = client.get(ORGANIZATIONS).get_json()["organizations"]
    lines = unframed(client.get("/log/blue-skies/tile/entries/000.p/4").data)
    proof = leaves.commitment(organization["salt"], f"organization:{row.id}")
    assert json.loads(lines[organization["entry"]])["commitment"] == proof.hex()


def test_nothing_of_the_person_who_speaks_for_it_is_told(client):
    campaign()
    endorsement(spokesperson="Kim Haneul, Director", contact_name="Kim Haneul", email="kim@harbour.example")
    text = client.get(ORGANIZATIONS).text
    for word in ("Kim", "Director", "kim@", "harbour.example"):
        assert word not in text


def test_long_lists_come_in_batches_that_hold_everything_once(client, monkeypatch, frozen_clock):
    campaign()
    monkeypatch.setattr(views, "BATCH", 2)
    rows = [endorsement() for _ in range(5)]
    seen, address = [], ORGANIZATIONS
    while address:
        page = client.get(address.removeprefix("http://localhost")).get_json()
        seen += [organization["id"] for organization in page["organizations"]]
        address = page["next"]
    assert sorted(seen) == sorted(str(row.id) for row in rows)
    assert len(client.get(ORGANIZATIONS).get_json()["organizations"]) == 2, (
        "a batch is not kept for the first one"
    )


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 30, str(2**63)])
def test_a_place_that_is_none_is_400(client, after):
    campaign()
    assert client.get(ORGANIZATIONS, query_string={"after": after}).status_code == 400
