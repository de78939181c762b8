"""The security headers, on whatever this application answers."""

import pytest

from pledge.web.security_headers import security_headers
from tests.support.factories import campaign
from tests.support.routes import unknown

pytestmark = pytest.mark.sqlite_only

#: What other sites may load.
ANY_SITE = ("/api/", "/log/", "/embed", "/share/", "/badge/", "/qr/", "/oembed")
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT")


def addresses(app):
    for rule in app.url_map.iter_rules():
        values = {name: "blue-skies" if name == "slug" else unknown(rule, name) for name in rule.arguments}
        for lang in ("ko", "en") if "lang" in rule.arguments else (None,):
            if lang:
                values["lang"] = lang
            yield app.url_map.bind("localhost").build(rule.endpoint, values)
    yield from (
        "/nothing",
        "/ko/nothing",
        "/api/v1/nothing",
        "/static/css/site.css",
        "/static/nothing.css",
        "/static/",
        "/favicon.ico",
        "/robots.txt",
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_answer_of_every_route_carries_them(app, client, method):
    campaign()
    wanted = security_headers(app.extensions["pledge.config"])
    for path in addresses(app):
        for _ in range(2 if method == "GET" else 1):  # made, and from the kept copy
            answer = client.open(path, method=method, buffered=True)
            for name, value in wanted.items():
                if name == "Cross-Origin-Resource-Policy" and path.startswith(ANY_SITE):
                    continue
                if name in ("Content-Security-Policy", "X-Frame-Options") and path.startswith("/embed/"):
                    continue
                assert answer.headers.getlist(name) == [value], (method, path, answer.status_code, name)
            assert "Set-Cookie" not in answer.headers or path.startswith("/staff/")
            assert "Cache-Control" in answer.headers or answer.status_code in (304, 405), (method, path)
            assert "Strict-Transport-Security" not in answer.headers


def test_answers_not_modified_and_parts_of_files_carry_them(client):
    whole = client.get("/static/css/site.css", buffered=True)
    part = client.get("/static/css/site.css", headers={"Range": "bytes=0-9"}, buffered=True)
    assert part.status_code == 206
    missing = client.get("/static/css/site.css", headers={"Range": "bytes=9999999-"}, buffered=True)
    assert missing.status_code == 416
    for answer in (whole, part, missing):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_allows_nothing_inline_and_no_foreign_place(app):
    policy = security_headers(app.extensions["pledge.config"])["Content-Security-Policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["base-uri"] == "'none'"
    assert rules["form-action"] == "'self'"
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"
    assert rules["img-src"] == "'self' data:"
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


def test_https_is_made_a_habit_in_production_alone(make_app):
    app = make_app(env="production", base_url="https://sky.example")
    client = app.test_client()
    for path in ("/ko/me", "/nothing", "/api/v1/nothing", "/static/css/site.css"):
        for method in ("GET", "POST"):
            answer = client.open(path, method=method, headers={"Host": "sky.example"}, buffered=True)
            habit = answer.headers["Strict-Transport-Security"]
            assert habit == "max-age=31536000; includeSubDomains", (method, path)
    assert "Strict-Transport-Security" not in make_app().test_client().get("/ko/me").headers
