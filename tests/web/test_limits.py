"""Limits: who counts as one visitor, and what a crowd, a liar and an absent Redis meet."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pledge.core.networks import block_of, is_external, network_of
from pledge.signatures.services import ticket_for
from pledge.web import limits
from pledge.web.limits import REDIS_TIMEOUT, limiter
from tests.support.factories import (
    campaign,
    confirm_token,
    fold_all,
    manage_token,
    sign_form,
    signature,
)
from tests.support.waiting import wait_until

SIGN = "/ko/c/blue-skies/sign"


@pytest.fixture
def hanging_redis(redis, monkeypatch):
    """`hanging_redis(seconds)`: it will be waited for so long."""

    def wait_for(seconds=REDIS_TIMEOUT):
        for name in ("socket_timeout", "socket_connect_timeout"):
            monkeypatch.setitem(limits._REDIS_OPTIONS, name, seconds)
        return redis

    return wait_for


def sign(client, address="203.0.113.7", *, headers=None):
    return client.post(SIGN, data=sign_form(), headers=headers, environ_base={"REMOTE_ADDR": address})


def wrong_link(client, address="203.0.113.7"):
    return client.get("/ko/confirm/wrong", environ_base={"REMOTE_ADDR": address})


# --- Who is one visitor ---


UNKNOWN = ("", "not an address", "203.0.113.7, 198.51.100.1", "1" * 4000, ":" * 4000)


@pytest.mark.parametrize(
    ("address", "network", "block"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.7:41822", "203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("::FFFF:cb00:7107", "203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("[2001:db8:1:ffff::9]:41822", "2001:db8:1:ffff::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        *((address, "unknown", "unknown") for address in UNKNOWN),
    ],
)
def test_an_address_is_folded_to_what_one_visitor_controls_and_the_block_around_it(address, network, block):
    assert (network_of(address), block_of(address)) == (network, block)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", True),
        ("2001:db8:1:2:3:4:5:6", True),
        ("10.0.0.7", True),
        ("127.0.0.1", False),
        ("127.8.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("not an address", False),
    ],
)
def test_this_machine_and_an_unknown_network_say_nothing_about_where_people_are(address, expected):
    assert is_external(network_of(address)) is expected


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("inside", "outside"),
    [("2001:db8:1:{:x}::1", "2001:db8:2::1"), ("203.0.113.{}", "203.0.112.1")],
    ids=["a /48", "a /24"],
)
def test_ever_new_networks_of_one_block_may_use_ten_times_the_limit_together(make_app, inside, outside):
    client = make_app(limit_token="5 per hour").test_client()
    client.checked = False
    answers = [wrong_link(client, inside.format(number)).status_code for number in range(1, 200)]
    assert answers == [410] * 50 + [429] * 149
    assert wrong_link(client, outside).status_code == 410


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("hops", "forwarded", "counted"),
    [
        (0, "198.51.100.1", "10.0.0.1"),
        (1, "192.0.2.1, 198.51.100.1", "198.51.100.1"),
        (2, "192.0.2.9, 192.0.2.1, 198.51.100.1", "192.0.2.1"),
        # Fewer entries than proxies: somebody went around one; the socket is all that can be believed.
        (2, "192.0.2.1", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "192.0.2.1, 2001:db8:1:2::7", "2001:db8:1:2::/64"),
    ],
)
def test_exactly_the_trusted_hops_are_believed(make_app, hops, forwarded, counted):
    from pledge.web.limits import client_network

    app = make_app(trusted_proxies=hops)
    seen = []
    app.before_request(lambda: seen.append(client_network()))
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    app.test_client().get("/ko/me", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert seen == [counted]


# --- Crowds and hammers, with the default numbers ---


OWN = {"name": "홍길동", "country": "KR", "region": "KR-26"}


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("setting", "paths", "form", "answered"),
    [
        ("limit_sign", ("/embed/blue-skies/sign?lang=ko", SIGN), {}, 422),  # with a proof: ten times as often
        ("limit_sign", ("/ko/c/blue-skies/endorse",), {}, 422),
        ("limit_link", ("/ko/me",), {"email": "a@example.org"}, 303),
        ("limit_link", ("/ko/endorse/me",), {"email": "a@example.org"}, 303),
        ("limit_link", ("/ko/me/{own}/consents",), OWN, 303),
        ("limit_token", ("/ko/c/blue-skies/check/{ticket}",), {"code": "000000"}, 422),
        ("limit_token", ("/ko/c/blue-skies/mine",), {"ticket": "{ticket}", "code": "000000"}, 422),
        ("limit_token", ("/ko/me/wrong/receipt",), None, 410),
        ("limit_token", ("/share/blue-skies/1.en.png",), None, 200),
        ("limit_token", ("/ko/c/blue-skies/poster-a4.pdf",), None, 200),
    ],
    ids=str,
)
def test_one_network_may_send_this_so_often(make_app, setting, paths, form, answered):
    """The form in the widget counts as that of the page."""
    app, most = make_app(**{setting: "2 per hour"}), 20 if setting == "limit_sign" else 2
    with app.app_context():
        ticket = ticket_for("blue-skies", signature(campaign(), state="pending").id)
        own = manage_token(signature(email="own@example.org"))
        fold_all()
    method, client = ("GET" if form is None else "POST"), app.test_client()
    sent = {name: value.format(ticket=ticket) for name, value in (form or {}).items()}
    statuses = [
        client.open(
            paths[number % len(paths)].format(own=own, ticket=ticket), method=method, data=sent or None
        )
        for number in range(most + 1)
    ]
    assert [answer.status_code for answer in statuses] == [answered] * most + [429]


def test_a_page_without_a_limit_looks_for_none(client, monkeypatch):
    looked, resolve = [], limiter.limit_manager.resolve_limits

    def watched(*given, **named):
        looked.append(given)
        return resolve(*given, **named)

    monkeypatch.setattr(limiter.limit_manager, "resolve_limits", watched)
    assert client.get("/ko/me/sent").status_code == 200
    assert looked == []
    assert wrong_link(client).status_code == 410
    assert len(looked) == 1


# --- Redis ---


@pytest.mark.sqlite_only
def test_two_applications_share_the_counters_in_redis(make_app, redis):
    first = make_app(redis_url=redis.url, limit_token="5 per hour").test_client()
    assert [wrong_link(first).status_code for _ in range(4)] == [410] * 4
    second = make_app(redis_url=redis.url, limit_token="5 per hour").test_client()
    assert [wrong_link(second).status_code for _ in range(3)] == [410, 429, 429]


@pytest.mark.sqlite_only
def test_without_redis_limits_go_on_in_process_and_pages_without_a_limit_stay_free(make_app, redis):
    app = make_app(redis_url=redis.url, limit_token="5 per hour")
    client = app.test_client()
    assert wrong_link(client).status_code == 410
    redis.stop()
    with app.app_context():
        campaign()
    assert [wrong_link(client).status_code for _ in range(8)] == [410] * 5 + [429] * 3
    assert {client.get("/ko/me").status_code for _ in range(50)} == {200}
    assert sign(client).status_code == 303


@pytest.mark.sqlite_only
def test_an_application_starts_while_redis_is_away(make_app, redis):
    redis.stop()
    client = make_app(redis_url=redis.url, limit_token="5 per hour").test_client()
    assert [wrong_link(client).status_code for _ in range(8)] == [410] * 5 + [429] * 3


@pytest.mark.sqlite_only
def test_a_redis_that_hangs_delays_one_request_by_half_a_second_at_most(make_app, hanging_redis, monkeypatch):
    assert 2 * REDIS_TIMEOUT <= 0.5  # for the connection that is there and for another one
    wait = 15.0  # so much longer here that a slow machine does not pass for another wait
    redis = hanging_redis(wait)
    client = make_app(redis_url=redis.url, limit_token="5 per hour").test_client()
    assert wrong_link(client).status_code == 410
    redis.freeze()

    started = time.monotonic()
    assert wrong_link(client).status_code == 410
    assert wait <= time.monotonic() - started < 3 * wait

    # Whether Redis is back takes time to find out as well, now and then; another test counts how often.
    monkeypatch.setattr(limiter.storage, "check", lambda: False)
    started = time.monotonic()
    assert [wrong_link(client).status_code for _ in range(7)] == [410] * 4 + [429] * 3
    assert client.get("/ko/me").status_code == 200
    assert time.monotonic() - started < wait


@pytest.mark.sqlite_only
def test_all_who_meet_the_outage_at_the_same_moment_go_on(make_app, hanging_redis):
    """Each of them waits for the Redis that hangs; the first whose time is over tells the limiter."""
    redis = hanging_redis()
    app = make_app(redis_url=redis.url)
    with app.app_context():
        campaign()
    redis.freeze()
    begin = threading.Barrier(6)

    def send(number):
        begin.wait()
        return sign(app.test_client(), f"203.0.113.{number}").status_code

    with ThreadPoolExecutor(6) as people:
        assert list(people.map(send, range(6))) == [303] * 6


@pytest.mark.sqlite_only
def test_forms_are_counted_in_the_process_while_redis_hangs_and_in_redis_once_it_wakes(
    make_app, hanging_redis
):
    redis = hanging_redis()
    client = make_app(redis_url=redis.url, limit_domain="2 per hour").test_client()
    with client.application.app_context():
        campaign()
    redis.freeze()
    assert [sign(client).status_code for _ in range(3)] == [303, 303, 429]
    assert limiter.limiter.storage is not limiter.storage
    redis.wake()
    with redis.client() as inside:
        wait_until(lambda: sign(client, "198.51.100.9") and inside.keys("*pledge/form*"))


@pytest.mark.sqlite_only
def test_counting_in_redis_goes_on_once_it_wakes(make_app, hanging_redis):
    redis = hanging_redis()
    app = make_app(redis_url=redis.url, limit_token="5 per hour")
    client = app.test_client()
    redis.freeze()
    assert wrong_link(client).status_code == 410
    redis.wake()
    with redis.client() as inside:
        wait_until(lambda: wrong_link(client, "198.51.100.9") and inside.keys("*198.51.100.9*"))
        assert wrong_link(client).status_code == 410
        wait_until(lambda: wrong_link(client) and inside.keys("*203.0.113.7*"))


@pytest.mark.sqlite_only
def test_a_connection_to_redis_that_died_while_idle_is_made_anew(make_app, redis):
    app = make_app(redis_url=redis.url, limit_token="5 per hour")
    client = app.test_client()
    assert [wrong_link(client).status_code for _ in range(2)] == [410] * 2
    with redis.client() as inside:
        inside.client_kill_filter(_type="normal", skipme=True)
    assert [wrong_link(client).status_code for _ in range(4)] == [410] * 3 + [429]  # none was forgotten


@pytest.mark.sqlite_only
def test_redis_that_fails_between_the_look_and_the_count_is_told_to_one_visitor(make_app, redis, monkeypatch):
    """Wrong codes are looked up before the view and counted after it; either may be the moment that Redis goes."""
    from redis.exceptions import TimeoutError as RedisTimeout

    app = make_app(redis_url=redis.url, limit_token="5 per hour")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    with app.app_context():
        campaign()

    def fail(*_args, **_options):
        raise RedisTimeout

    def wrong_code():
        return client.post("/ko/c/blue-skies/check/wrong", data={"code": "000000"})

    with monkeypatch.context() as broken:
        broken.setattr(limiter.limiter, "hit", fail)
        answer = wrong_code()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    redis.stop()
    assert [wrong_code().status_code for _ in range(7)] == [422] * 5 + [429] * 2


@pytest.mark.sqlite_only
def test_redis_that_refuses_to_write_is_done_without(make_app, redis):
    """As when its memory is full: a limit that is counted before the view goes on in the process."""
    client = make_app(redis_url=redis.url, limit_token="5 per hour").test_client()
    with redis.client() as inside:
        inside.config_set("maxmemory", "1")
        inside.config_set("maxmemory-policy", "noeviction")
        try:
            assert [wrong_link(client).status_code for _ in range(8)] == [410] * 5 + [429] * 3
        finally:
            inside.config_set("maxmemory", "0")


@pytest.mark.sqlite_only
def test_redis_that_fails_while_the_429_page_is_made_costs_no_error_page(make_app, redis, monkeypatch):
    from redis.exceptions import TimeoutError as RedisTimeout

    app = make_app(redis_url=redis.url, limit_token="1 per minute")
    client = app.test_client()
    wrong_link(client)

    def fail(*_args, **_options):
        raise RedisTimeout

    monkeypatch.setattr(limiter.limiter, "get_window_stats", fail)
    answer = wrong_link(client)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"


def test_good_links_go_on_working_on_a_network_where_somebody_plays_with_bad_ones(app, client):
    person = signature(state="pending")
    token = confirm_token(person)
    assert [wrong_link(client).status_code for _ in range(35)] == [410] * 30 + [429] * 5
    assert wrong_link(client, "203.0.113.8").status_code == 410
    same_network = {"REMOTE_ADDR": "203.0.113.7"}
    assert client.get(f"/ko/confirm/{token}", environ_base=same_network).status_code == 200
    assert client.post(f"/ko/confirm/{token}", environ_base=same_network).status_code == 303
