"""The limits on sign-ups: of a mail domain outside the large providers, and how all are counted together."""

import time

import pytest
from limits.storage import memory

from pledge.web.limits import limiter
from tests.support.factories import campaign, endorse_form, sign_form

SIGN = "/en/c/blue-skies/sign"


@pytest.fixture(autouse=True)
def _open_campaign(app):
    campaign()


def sign(client, number, domain="evil.example.com"):
    """From a network of its own each time."""
    form = sign_form(email=f"p{number}@{domain}")
    network = f"2001:db8:{number:x}::1"
    return client.post(SIGN, data=form, environ_base={"REMOTE_ADDR": network})


def statuses(client, numbers, domain="evil.example.com"):
    return [sign(client, number, domain).status_code for number in numbers]


@pytest.mark.sqlite_only
def test_subdomains_are_their_owners_domain(make_app):
    client = make_app(limit_domain="5 per hour").test_client()
    answers = [sign(client, number, f"m{number}.evil.example.com").status_code for number in range(8)]
    assert answers == [303] * 5 + [429] * 3
    assert sign(client, 9, "evil.example.org").status_code == 303


@pytest.mark.sqlite_only
def test_the_large_providers_have_no_such_limit(make_app):
    client = make_app(limit_domain="5 per hour").test_client()
    assert statuses(client, range(12), "naver.com") == [303] * 12


@pytest.mark.sqlite_only
def test_who_is_refused_is_told_when_to_come_back_and_loses_nothing(make_app, monkeypatch):
    monkeypatch.setattr(memory, "time", time)
    client = make_app(limit_domain="1 per 10 minutes").test_client()
    sign(client, 1)
    form = sign_form(name="김하늘", email="sky@evil.example.com", updates="y")
    page = client.post(SIGN, data=form)
    assert page.status_code == 429
    assert 540 < int(page.headers["Retry-After"]) <= 600
    assert "10 minutes" in page.text
    assert "김하늘" in page.text
    assert "sky@evil.example.com" in page.text
    assert page.text.count("checked") == 3
    assert 'href="#email"' in page.text


@pytest.mark.sqlite_only
def test_a_form_with_a_fault_is_not_counted(make_app):
    client = make_app(limit_domain="1 per hour").test_client()
    for _ in range(3):
        assert client.post(SIGN, data=sign_form(email="a@evil.example.com", age_ok=None)).status_code == 422
    assert sign(client, 1).status_code == 303


@pytest.mark.sqlite_only
def test_applications_are_counted_by_their_mail_domain(make_app):
    client = make_app(limit_domain="1 per hour").test_client()
    path = "/en/c/blue-skies/endorse"
    assert client.post(path, data=endorse_form(email="a@evil.example.com")).status_code == 303
    page = client.post(path, data=endorse_form(email="b@evil.example.com", name_en="Sky Watch"))
    assert page.status_code == 429
    assert "Sky Watch" in page.text


@pytest.mark.sqlite_only
def test_a_form_that_is_refused_takes_nothing_from_others(make_app):
    """One network that goes on sending uses up neither its block nor the mail domain."""
    client = make_app(limit_sign="1 per hour", limit_domain="12 per hour").test_client()
    client.checked = False
    sent = [sign(client, 1).status_code for _ in range(40)]
    assert sent == [303] + [403] * 9 + [429] * 30
    assert [sign(client, number).status_code for number in (2, 3)] == [303] * 2
    assert sign(client, 4).status_code == 429


@pytest.mark.sqlite_only
def test_all_limits_of_a_form_take_one_trip_to_redis_and_tell_neither_network_nor_domain(make_app, redis):
    client = make_app(redis_url=redis.url).test_client()
    sign(client, 1)
    trips = []
    connection = limiter.storage.get_connection().connection_pool.get_connection()
    limiter.storage.get_connection().connection_pool.release(connection)
    send = connection.send_packed_command
    connection.send_packed_command = lambda *args, **options: (trips.append(1), send(*args, **options))[1]
    sign(client, 1)
    assert len(trips) == 1
    with redis.client() as inside:
        keys = b" ".join(inside.keys("*"))
    assert b"pledge/form" in keys
    assert b"evil" not in keys
    assert b"2001:db8" not in keys
