"""/metrics: who may read it, what it says of requests, and what of the site."""

import re
from datetime import timedelta

import pytest

from config import ROOT, Config
from pledge.core import clock, metrics
from pledge.core.db import db, reading, snapshots, transaction
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.web.ops.metrics import _CONFIRM, _SIGN
from tests.support.factories import (
    campaign,
    confirm_token,
    endorsement,
    fold_all,
    manage_token,
    sign_form,
    signature,
)
from tests.support.mails import enqueue
from tests.support.metrics import samples

TOKEN = "a token of thirty-two characters or more"
SIGN = "/ko/c/blue-skies/sign"


def read(client, **headers):
    """Samples by name and labels: `values["pledge_people", "blue-skies"]`."""
    snapshots.clear()
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return samples(response.text)


def gained(before, after, *name):
    return after.get(name, 0) - before.get(name, 0)


# --- Who may read it ---


def test_without_a_token_this_machine_may_read_it(client):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    for address in ("::1", ""):  # a Unix socket has no address
        assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("203.0.113.7", {}),
        ("not an address", {}),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
        ("203.0.113.7", {"Authorization": "Bearer "}),
    ],
)
def test_without_a_token_nobody_else_learns_that_it_is_there(client, address, headers):
    response = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert response.status_code == 404
    assert "pledge_" not in response.text


def test_with_a_token_whoever_has_it_may_read_it_from_anywhere_and_nobody_without(make_app):
    client = make_app(metrics_token=TOKEN).test_client()

    def status(address, **headers):
        return client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code

    assert status("203.0.113.7", Authorization=f"Bearer {TOKEN}") == 200
    for header in (TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", "Bearer", "Bearer \xff"):
        assert status("203.0.113.7", Authorization=header) == 404
    assert status("127.0.0.1") == 404


def test_a_short_token_stops_the_start():
    assert Config(metrics_token="x" * 31).problems() == ["PLEDGE_METRICS_TOKEN has fewer than 32 characters."]
    assert Config(metrics_token="x" * 32).problems() == []


# --- Requests ---


def test_a_request_is_counted_by_its_view_and_the_class_of_its_status(client):
    person = signature(campaign(), state="pending")
    before = read(client)
    client.get(f"/ko/confirm/{confirm_token(person)}")
    client.head(f"/ko/confirm/{confirm_token(person)}")
    client.get("/ko/confirm/unknown-token")
    client.get("/ko/nothing")
    client.open("/ko/", method="TRACE")
    after = read(client)
    name = "pledge_requests_total"
    assert gained(before, after, name, "public.signature_confirm", "GET", "2xx") == 2
    assert gained(before, after, name, "public.signature_confirm", "GET", "4xx") == 1
    assert gained(before, after, name, "none", "GET", "4xx") == 1
    assert gained(before, after, name, "none", "other", "4xx") == 1
    assert 0 < gained(before, after, "pledge_view_seconds_total", "public.signature_confirm", "GET") < 5
    assert gained(before, after, "pledge_request_seconds_count", "page") >= 5


def test_the_time_of_a_request_is_told_by_its_kind(client):
    campaign()
    person = signature(state="pending")
    before = read(client)
    client.get(SIGN)
    client.post(SIGN, data=sign_form())
    client.post(f"/ko/confirm/{confirm_token(person)}")
    client.post("/ko/me", data={"email": "hong@example.org"})
    client.get("/api/v1/campaigns")
    client.get("/staff/")
    after = read(client)
    kinds = {
        kind: gained(before, after, "pledge_request_seconds_count", kind)
        for kind in ("sign", "confirm", "form", "page", "api", "staff")
    }
    assert kinds == {"sign": 1, "confirm": 1, "form": 1, "page": 2, "api": 1, "staff": 1}, (
        "the page of the form, and /metrics itself"
    )


@pytest.mark.sqlite_only
def test_every_view_with_a_kind_of_its_own_exists(app):
    assert set(app.view_functions) >= _SIGN | _CONFIRM


def test_connections_are_counted_while_they_are_used(client):
    name = ("pledge_database_connections_in_use",)
    db.session.rollback()
    with reading() as connection:
        connection.exec_driver_sql("SELECT 1")
        used = samples(metrics.exposition().decode())[name]
    assert (used, samples(metrics.exposition().decode())[name]) == (1, 0)


def test_nothing_of_a_person_is_in_it(client):
    campaign()
    client.post(SIGN, data=sign_form(name="홍길동", email="hong@example.org"))
    person = signature(state="pending", email="other@example.org")
    token = confirm_token(person)
    client.post(f"/ko/confirm/{token}")
    text = client.get("/metrics").text
    for secret in ("홍길동", "hong", "example.org", token, "127.0.0.1", "/ko/"):
        assert secret not in text


def test_the_journey_of_a_signature_is_counted(client):
    campaign()
    before = read(client)
    client.post(SIGN, data=sign_form())
    client.post(SIGN, data=sign_form(email=""))
    person = signature(state="pending", email="other@example.org")
    client.post(f"/ko/confirm/{confirm_token(person)}")
    client.post(f"/ko/confirm/{confirm_token(person)}")
    for _ in range(2):
        client.post(f"/ko/me/{manage_token(person)}/withdraw")
    after = read(client)
    assert gained(before, after, "pledge_sign_ups_total", "blue-skies") == 1
    assert gained(before, after, "pledge_confirmations_total", "link", "signature") == 1
    assert gained(before, after, "pledge_withdrawals_total", "signature") == 1


def test_a_limit_that_was_met_is_counted_by_its_name(make_app):
    app = make_app(limit_token="1 per minute", limit_sign="1 per minute", limit_domain="1 per minute")
    client = app.test_client()
    with app.app_context():
        campaign()
    before = read(client)
    for _ in range(3):
        client.get("/ko/confirm/unknown")
    for _ in range(12):
        client.post(SIGN)
    for number in range(2):
        network = {"REMOTE_ADDR": f"203.0.113.{number}"}
        client.post(SIGN, data=sign_form(email=f"x{number}@one.example"), environ_base=network)
    after = read(client)
    assert gained(before, after, "pledge_limits_hit_total", "token") == 2
    assert gained(before, after, "pledge_limits_hit_total", "sign") == 2
    assert gained(before, after, "pledge_limits_hit_total", "domain") == 1


# --- The site ---


def test_the_count_of_a_campaign_and_the_ends_of_its_log(client, frozen_clock):
    first, _ = signature(campaign()), signature(email="second@example.org")
    endorsement()
    fold_all()
    client.post(f"/ko/me/{manage_token(first)}/withdraw")
    values = read(client)
    assert (values["pledge_fold_waiting_entries",], values["pledge_fold_lag_seconds",]) == (1, 0)
    frozen_clock.move(seconds=30)
    values = read(client)
    assert (values["pledge_fold_waiting_entries",], values["pledge_fold_lag_seconds",]) == (1, 30)
    fold_all()
    values = read(client)
    slug = "blue-skies"
    assert (values["pledge_people", slug], values["pledge_organizations", slug]) == (1, 1)
    assert (values["pledge_log_additions_total", slug], values["pledge_log_removals_total", slug]) == (3, 1)
    assert values["pledge_log_unsigned_entries", slug] == 0
    assert values["pledge_checkpoint_timestamp_seconds", slug] == pytest.approx(
        clock.now().timestamp(), abs=1
    )
    assert values["pledge_log_set_aside_entries", slug] == 0
    assert values["pledge_fold_waiting_entries",] == 0


def test_what_waits_in_the_outbox_by_class_and_for_how_long(client, frozen_clock):
    enqueue(kind=MailKind.MANAGE)
    enqueue(known=False)
    enqueue(kind=MailKind.THANKS, due_in=timedelta(minutes=10))
    for state in (MailState.SENT, MailState.DEAD):
        number = enqueue(kind=MailKind.MANAGE)
        with transaction() as session:
            session.get_one(OutboxMail, number).state = state
    frozen_clock.move(seconds=20)
    enqueue(known=False)
    values = read(client)
    waiting = {key[1:]: value for key, value in values.items() if key[0] == "pledge_outbox_mails"}
    assert waiting == {
        ("awaited", "due"): 1,
        ("awaited", "later"): 0,
        ("first", "due"): 2,
        ("first", "later"): 0,
        ("last", "due"): 0,
        ("last", "later"): 1,
    }
    ages = {key[1]: value for key, value in values.items() if key[0] == "pledge_outbox_oldest_due_seconds"}
    assert ages == {"awaited": 20, "first": 20, "last": 0}
    assert values["pledge_outbox_dead_mails",] == 1


def test_figures_are_read_every_few_seconds_however_many_ask(client, statements):
    read(client)
    with statements() as seen:
        client.get("/metrics")
    assert seen == []
    snapshots.clear()
    with statements() as seen:
        client.get("/metrics")
    assert 0 < len(seen) < 21


def test_a_site_without_its_database_says_so_and_what_its_processes_counted(app_on):
    client = app_on("postgresql://nobody@127.0.0.1:1/nothing").test_client()
    values = read(client)
    assert values["pledge_database_up",] == 0
    assert ("pledge_fold_lag_seconds",) not in values


# --- The document ---


@pytest.mark.postgresql_only
def test_every_metric_is_described(client):
    signature(campaign())
    fold_all()
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    described = set(re.findall(r"^\| `(pledge_[a-z_]+)` \|", text, re.MULTILINE))
    shown = set(re.findall(r"^# TYPE (pledge_[a-z_]+) ", client.get("/metrics").text, re.MULTILINE))
    assert shown - described == set(), "not in docs/metrics.md"
    assert described - shown == set(), "no such metric"
