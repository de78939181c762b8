"""The live count as a program sees it."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from pledge.core.db import db
from tests.support.factories import campaign, fold_all, manage_token, signature, signatures

COUNT = "/api/v1/campaigns/blue-skies/count"

pytestmark = pytest.mark.usefixtures("app")


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


def test_the_count_is_what_was_folded(client, frozen_clock):
    campaign()
    signatures(3)
    assert client.get(COUNT).get_json()["people"] == 0
    fold_all()
    frozen_clock.move(seconds=1.1)
    found = client.get(COUNT).get_json()
    assert (found["people"], found["checkpoint"]) == (3, 3)


def test_a_withdrawal_makes_the_count_fall(client, frozen_clock):
    person = signature()
    fold_all()
    assert client.get(COUNT).get_json()["people"] == 1
    client.post(f"/ko/me/{manage_token(person)}/withdraw")
    fold_all()
    frozen_clock.move(seconds=1.1)
    assert client.get(COUNT).get_json()["people"] == 0


def test_the_count_names_the_size_of_the_log_that_adds_up_to_it(client, frozen_clock):
    person = signature()
    client.post(f"/ko/me/{manage_token(person)}/withdraw")
    fold_all()
    found = client.get(COUNT).get_json()
    assert (found["people"], found["checkpoint"]) == (0, 2)


def test_the_count_names_no_checkpoint_while_the_log_catches_up(client, frozen_clock):
    signature()
    fold_all()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_heads SET log_size = 0"))
    found = client.get(COUNT).get_json()
    assert (found["people"], found["checkpoint"]) == (1, None)


def test_caches_may_keep_the_count_for_a_second_and_serve_it_while_the_site_is_away(client):
    campaign()
    rules = client.get(COUNT).headers["Cache-Control"]
    assert "max-age=1," in rules
    assert "stale-while-revalidate=" in rules
    assert "stale-if-error=" in rules


def test_an_unchanged_count_is_answered_304_without_a_query(client, statements, frozen_clock):
    campaign()
    tag = client.get(COUNT).headers["ETag"]
    with statements() as seen:
        reply = client.get(COUNT, headers={"If-None-Match": tag})
    assert (reply.status_code, reply.data, seen) == (304, b"", [])
    assert reply.headers["ETag"] == tag
    assert reply.headers["Date"]


def test_the_tag_changes_with_the_number_and_not_with_time(client, frozen_clock):
    campaign()
    tag = client.get(COUNT).headers["ETag"]
    frozen_clock.move(seconds=30)
    assert client.get(COUNT).headers["ETag"] == tag
    signature()
    fold_all()
    frozen_clock.move(seconds=2)
    assert client.get(COUNT).headers["ETag"] != tag


def test_many_requests_for_the_count_cost_one_statement_a_second(client, statements, frozen_clock):
    campaign()
    with statements() as seen:
        for number in range(60):
            client.get(COUNT, headers={"Accept-Encoding": ("br", "gzip", "identity")[number % 3]})
            frozen_clock.move(seconds=0.05)
    assert len(seen) <= 4


def test_as_of_is_utc_and_moves_on(client, frozen_clock):
    campaign()
    first = client.get(COUNT).get_json()["as_of"]
    frozen_clock.move(seconds=10)
    second = client.get(COUNT).get_json()["as_of"]
    assert second == (frozen_clock.now()).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert first == (frozen_clock.now() - timedelta(seconds=10)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_drafts_and_unknown_campaigns_are_404_in_json(client):
    campaign("secret", state="draft")
    for slug in ("secret", "nothing"):
        reply = client.get(f"/api/v1/campaigns/{slug}/count")
        assert reply.status_code == 404
        assert reply.get_json()["status"] == 404


def test_any_site_may_read_it(client):
    campaign()
    assert client.get(COUNT).headers["Access-Control-Allow-Origin"] == "*"


def test_any_site_may_read_that_there_is_no_such_campaign(client):
    assert client.get("/api/v1/campaigns/nothing/count").headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(client, method):
    campaign()
    assert client.open(COUNT, method=method).status_code in (405, 415)
