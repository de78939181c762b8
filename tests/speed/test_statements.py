"""How many SQL statements a request costs. On PostgreSQL each is a round trip that a visitor waits for."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from pledge.abuse import origin_list
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import db
from pledge.web.caching import cache
from tests.support.factories import campaign, confirm_token, fold_all, press_key, sign_form, signature

SIGN = "/ko/c/blue-skies/sign"
PAGE = "/ko/c/blue-skies"
COUNT = "/api/v1/campaigns/blue-skies/count"

#: SQLite cannot write in a CTE, so there the same work is several short statements in one transaction.
postgresql_only = pytest.mark.postgresql_only


@pytest.fixture(autouse=True)
def blocks_are_known(app):
    """A process reads the blocks of networks and domains every two seconds, for all forms together."""
    origin_list.effect_on(b"", ())


@postgresql_only
def test_signing_and_confirming_are_a_statement_each_whose_text_the_driver_keeps_parsed(
    app, client, statements
):
    """psycopg caches the parsed form of texts up to 4,096 characters; a longer one is parsed for every request."""
    token = confirm_token(signature(state="pending"))
    with statements() as seen:
        assert client.post(SIGN, data=sign_form()).status_code == 303
        assert client.post(f"/ko/confirm/{token}").status_code == 303
    assert len(seen) == 2, seen
    assert max(map(len, seen)) <= 4096


@postgresql_only
@pytest.mark.parametrize("state", ["pending", "confirmed", "withdrawn", "invalidated"])
def test_signing_again_is_one_statement_whatever_is_known(app, client, statements, state):
    signature(state=state, email="hong@example.org")
    with statements() as seen:
        assert client.post(SIGN, data=sign_form(email="hong@example.org")).status_code == 303
    assert len(seen) == 1, seen


def test_the_pages_around_signing_take_no_statement_and_what_they_ask_for_one(
    app, client, statements, frozen_clock
):
    campaign()
    waiting = client.post(SIGN, data=sign_form(email="first@example.org")).location.partition("#")[0]
    pending, confirmed = signature(state="pending"), signature()
    fold_all()
    mine = {"path": "/ko/c/blue-skies/mine", "method": "POST"}
    asked = [
        (0, {"path": waiting}),
        (1, {**mine, "data": {"ticket": waiting.rpartition("/")[2]}}),
        (1, {"path": f"/ko/confirm/{confirm_token(pending)}"}),
        (0, {"path": "/ko/c/blue-skies/thanks"}),
        (1, {**mine, "data": {"key": press_key(confirmed)}}),
    ]
    for number, request in asked:
        assert client.open(**request).status_code == 200
        with statements() as seen:
            assert client.open(**request).status_code == 200
        assert len(seen) == number, (request, seen)


def test_a_link_says_at_once_that_the_campaign_has_closed_though_its_page_was_just_read(
    app, client, frozen_clock
):
    token = confirm_token(signature(state="pending"))
    assert client.get(f"/ko/confirm/{token}").status_code == 200
    db.session.execute(update(Campaign).values(state="closed", closes_at=clock.now() - timedelta(days=2)))
    db.session.commit()
    assert client.post(f"/ko/confirm/{token}").status_code == 409


@pytest.mark.parametrize(
    "path",
    [
        *(COUNT, "/api/v1/campaigns/blue-skies/organizations", "/log/blue-skies/checkpoint"),
        *(PAGE, f"{PAGE}/progress", f"{PAGE}/organizations", "/ko/", "/ko/privacy"),
    ],
)
def test_a_warm_page_asks_the_database_nothing(app, client, statements, frozen_clock, path):
    signature()
    fold_all()
    etag = client.get(path).headers["ETag"]
    with statements() as seen:
        assert client.get(path).status_code == 200
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
        client.checked = False  # compressed bytes are no document to check
        assert client.get(path, headers={"Accept-Encoding": "br"}).status_code == 200
    assert seen == []


def test_a_page_costs_the_same_with_few_signatures_and_with_many(app, client, statements, frozen_clock):
    signature()
    with statements() as few:
        client.get(PAGE)
    for _ in range(30):
        signature(public_name=True)
    cache.clear()
    with statements() as many:
        client.get(PAGE)
    # Campaign, count, partners, signers, organisations, news, line of today, events, demands and what became of them, deliveries; once a minute two for
    # the links of the header.
    assert len(few) == len(many) <= 13, many
