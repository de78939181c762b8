"""The organisations of a campaign as a program reads them."""

import pytest

from pledge.audit.models import COMMAND_LINE
from pledge.endorsements.review import moderation, queries
from pledge.web.api import organizations as door
from tests.support.factories import campaign, endorsement, fold_all, version_of

LIST = "/api/v1/campaigns/blue-skies/organizations"
COUNT = "/api/v1/campaigns/blue-skies/count"


@pytest.fixture(autouse=True)
def blue(app):
    return campaign()


def test_published_ones_are_listed_with_what_the_wall_shows(client):
    row = endorsement(
        name_ko="푸른항구",
        name_en="",
        type="business",
        level="site",
        target_year=2045,
        interim_year=2030,
        interim_percent=40,
        website="https://harbour.example",
    )
    endorsement(state="review")
    reply = client.get(LIST)
    (found,) = reply.get_json()["organizations"]
    assert found == {
        "id": str(row.id),
        "name": {"ko": "푸른항구", "en": None},
        "type": "business",
        "country": "KR",
        "region": "KR-11",
        "level": "site",
        "target_year": 2045,
        "interim_year": 2030,
        "interim_percent": 40,
        "website": "https://harbour.example",
        "since": row.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "url": f"http://localhost/ko/c/blue-skies/organizations/{row.id}",
    }
    assert reply.get_json()["next"] is None
    assert client.get(found["url"].removeprefix("http://localhost")).status_code == 200


def test_nothing_of_the_person_who_speaks_for_it_is_told(client):
    endorsement(spokesperson="Kim Haneul, Director", contact_name="Kim Haneul", email="kim@harbour.example")
    text = client.get(LIST).text
    for word in ("Kim", "Director", "kim@", "harbour.example"):
        assert word not in text


def test_a_correction_that_waits_is_not_told(client):
    version_of(endorsement(name_en="Old"), name_en="New")
    assert client.get(LIST).get_json()["organizations"][0]["name"]["en"] == "Old"


def test_long_lists_come_in_batches_that_hold_everything_once(client, monkeypatch, frozen_clock):
    monkeypatch.setattr(door, "BATCH", 2)
    rows = [endorsement() for _ in range(5)]
    seen, address = [], LIST
    while address:
        page = client.get(address.removeprefix("http://localhost")).get_json()
        seen += [found["id"] for found in page["organizations"]]
        address = page["next"]
    assert sorted(seen) == sorted(str(row.id) for row in rows)
    assert len(client.get(LIST).get_json()["organizations"]) == 2, "a batch is not kept for the first one"


def test_unchanged_it_is_304_without_a_query(client, statements, frozen_clock):
    endorsement()
    tag = client.get(LIST).headers["ETag"]
    with statements() as seen:
        reply = client.get(LIST, headers={"If-None-Match": tag})
    assert (reply.status_code, seen) == (304, [])
    frozen_clock.move(seconds=30)
    assert client.get(LIST).headers["ETag"] == tag
    endorsement()
    frozen_clock.move(seconds=2)
    assert client.get(LIST).headers["ETag"] != tag


def test_any_site_and_any_cache_may_have_it(client):
    headers = client.get(LIST).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=5" in headers["Cache-Control"]


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 30, str(2**63)])
def test_a_place_that_is_none_is_400(client, after):
    assert client.get(LIST, query_string={"after": after}).status_code == 400


def test_drafts_and_unknown_campaigns_are_404(client):
    campaign("secret", state="draft")
    for slug in ("secret", "nothing"):
        assert client.get(f"/api/v1/campaigns/{slug}/organizations").status_code == 404


# --- The count ---


def test_the_count_tells_organisations_apart_and_its_tag_changes_with_them(client, frozen_clock):
    row = endorsement(state="review")
    before = client.get(COUNT)
    moderation.publish(COMMAND_LINE, row.id, queries.find(row.id).seen)
    fold_all()
    frozen_clock.move(seconds=2)
    after = client.get(COUNT)
    assert (before.get_json()["organizations"], after.get_json()["organizations"]) == (0, 1)
    assert (before.get_json()["people"], after.get_json()["people"]) == (0, 0)
    assert before.headers["ETag"] != after.headers["ETag"]


def test_the_campaigns_page_and_home_tell_both_numbers_apart(client):
    endorsement(name_en="Green Harbour")
    endorsement()
    fold_all()
    page = client.get("/en/c/blue-skies").text
    assert "<strong>2</strong> <span>organisations endorse it</span>" in page
    assert '<strong class="count__number" data-count>0</strong>' in page
    assert "Green Harbour" in page
    assert "2 organisations endorse it" in client.get("/en/").text
