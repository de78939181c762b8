"""The limit on sign-ups with addresses of one mail domain, outside the large providers."""

import pytest
from redis.exceptions import TimeoutError as RedisTimeout

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
def test_who_is_refused_is_told_when_to_come_back_and_loses_nothing(make_app):
    client = make_app(limit_domain="1 per 10 minutes").test_client()
    sign(client, 1)
    form = sign_form(name="김하늘", email="sky@evil.example.com", updates="y")
    page = client.post(SIGN, data=form)
    assert page.status_code == 429
    assert 1 <= int(page.headers["Retry-After"]) <= 600
    assert "minutes" in page.text
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
def test_a_count_that_fails_in_redis_sends_nobody_away(make_app, redis, monkeypatch):
    """Redis may go away between the count of the network and that of the mail domain."""
    client = make_app(redis_url=redis.url, limit_domain="1 per hour").test_client()
    hit = limiter.limiter.hit

    def failing(item, *keys, **options):
        if "mail domain" in keys:
            raise RedisTimeout
        return hit(item, *keys, **options)

    monkeypatch.setattr(limiter.limiter, "hit", failing)
    assert statuses(client, range(3)) == [303] * 3


@pytest.mark.sqlite_only
def test_the_counter_does_not_tell_which_domain_it_counts(make_app, redis):
    client = make_app(redis_url=redis.url).test_client()
    sign(client, 1)
    with redis.client() as inside:
        keys = b" ".join(inside.keys("*"))
    assert b"mail domain" in keys
    assert b"evil" not in keys
