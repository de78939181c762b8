"""What reaches a view at all: readable text, from our own pages, of a form's size and type, under our own name."""

import io

import pytest
from flask import request
from werkzeug.datastructures import FileStorage

from pledge.signatures.models import Signature
from pledge.web.address_book import AddressBook
from pledge.web.routes import MAX_BODY, Body
from tests.support.factories import campaign, sign_form
from tests.support.pages import multipart
from tests.support.routes import unknown
from tests.support.rows import number_of

SIGN = "/ko/c/blue-skies/sign"
HERE = "http://localhost"

sqlite_only = pytest.mark.sqlite_only


@pytest.fixture
def page(app):
    """A campaign to sign."""
    return campaign()


# --- Where a POST comes from ---


@sqlite_only
@pytest.mark.parametrize(
    ("site", "origin", "status"),
    [
        (None, None, 303),
        ("same-origin", HERE, 303),
        ("same-origin", None, 303),
        ("none", None, 303),
        (None, HERE, 303),
        ("cross-site", None, 403),
        ("cross-site", HERE, 403),
        ("same-site", HERE, 403),
        ("something-new", None, 403),
        ("", None, 403),
        (None, "null", 403),
        ("same-origin", "null", 403),
        ("none", "null", 403),
        (None, "http://evil.example", 403),
        ("same-origin", "http://evil.example", 403),
        (None, "http://localhost.evil.example", 403),
        (None, "http://localhost:81", 403),
        (None, "http://evil.example/localhost", 403),
        (None, "http://localhost@evil.example", 403),
        (None, "localhost", 403),
        (None, "", 403),
        (None, "http://[::1", 403),
        (None, "http://localhost\u00e9", 403),
    ],
)
def test_a_form_is_accepted_only_from_our_own_pages(client, page, site, origin, status):
    headers = {"Sec-Fetch-Site": site, "Origin": origin}
    answer = client.post(SIGN, data=sign_form(), headers={k: v for k, v in headers.items() if v is not None})
    assert answer.status_code == status
    assert number_of(Signature) == (status == 303)


@sqlite_only
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_links_from_other_sites_may_be_followed(client, page, headers):
    assert client.get("/ko/c/blue-skies", headers=headers).status_code == 200
    assert client.get("/api/v1/campaigns/blue-skies/count", headers=headers).status_code == 200


@sqlite_only
def test_every_route_that_takes_a_post_refuses_a_foreign_one(app, client):
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(posts) >= 8
    for rule in posts:
        values = {name: unknown(rule, name) for name in rule.arguments}
        address = app.url_map.bind("localhost").build(rule.endpoint, values, method="POST")
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            assert client.post(address, data={"a": "b"}, headers=headers).status_code == 403, (rule, headers)


@sqlite_only
def test_an_origin_behind_a_proxy_that_ends_tls_is_still_ours(make_app):
    app = make_app(base_url="https://sky.example", trusted_proxies=1)
    with app.app_context():
        campaign()
    answer = app.test_client().post(
        SIGN,
        data=sign_form(),
        headers={
            "Host": "sky.example",
            "Origin": "https://sky.example",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "203.0.113.9",
        },
    )
    assert answer.status_code == 303


# --- Bodies ---


@sqlite_only
@pytest.mark.parametrize("size", [64 * 1024 + 1, 10 * 1024 * 1024])
def test_a_body_that_is_too_large_is_refused(client, page, size):
    answer = client.post(SIGN, data=sign_form(name="x" * size))
    assert answer.status_code == 413
    assert '<html lang="ko"' in answer.text
    assert number_of(Signature) == 0


@sqlite_only
def test_a_large_body_that_does_not_tell_its_size_is_refused(app, page):
    """A chunked upload has no Content-Length."""
    body = io.BytesIO(b"name=" + b"x" * (10 * 1024 * 1024))
    environ = {
        "REQUEST_METHOD": "POST",
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
    }
    client = app.test_client()
    answer = client.post(SIGN, input_stream=body, environ_overrides=environ)
    assert answer.status_code == 413
    assert body.tell() <= 200 * 1024


@sqlite_only
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "x", "multipart/mixed; boundary=b"],
)
def test_a_body_of_another_type_is_refused(client, page, content_type):
    assert client.post(SIGN, data="{}", content_type=content_type).status_code == 415


@sqlite_only
def test_a_body_without_a_type_is_refused_and_an_empty_one_is_an_empty_form(client, page):
    assert client.post(SIGN, data=b"name=x", content_type="").status_code == 415
    assert client.post(SIGN).status_code == 422


@sqlite_only
@pytest.mark.parametrize(
    "body",
    [b"", b"--b\r\n\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", b"\0" * 100],
)
def test_a_broken_multipart_body_is_a_clear_refusal(client, page, body):
    answer = client.post(SIGN, data=body, content_type="multipart/form-data; boundary=b")
    assert answer.status_code in (400, 413, 422)
    assert client.post(SIGN, data=body, content_type="multipart/form-data").status_code in (400, 413, 422)


# --- Text that no database can keep ---

NUL, SURROGATE, BROKEN = "%00", "%ED%A0%80", "%FF%FE"


@pytest.mark.parametrize("bad", [NUL, SURROGATE, BROKEN, "%C0%80", "a%00b"])
def test_unreadable_text_in_an_address_is_refused(client, page, bad):
    for path in (
        f"/en/c/{bad}",
        f"/en/c/blue-skies?a={bad}",
        f"/en/c/blue-skies?{bad}=a",
        f"/en/confirm/{bad}",
        f"/en/me/{bad}",
        f"/en/c/blue-skies/check/{bad}",
        f"/en/unsubscribe/x{bad}",
        *(f"/en/endorse/{page}/{bad}" for page in ("confirm", "me", "contact")),
        f"/en/{bad}",
    ):
        answer = client.get(path)
        assert answer.status_code == 400, path
        assert '<html lang="en"' in answer.text


@pytest.mark.parametrize("bad", [NUL, SURROGATE, BROKEN])
def test_unreadable_text_in_a_form_is_refused(client, page, bad):
    form = "&".join(f"{k}={v}" for k, v in sign_form(name="Hong").items()).replace("@", "%40")
    urlencoded = "application/x-www-form-urlencoded"
    assert client.post(SIGN, data=form, content_type=urlencoded).status_code == 303
    for damaged in (
        form.replace("Hong", f"Ho{bad}ng"),
        form + f"&{bad}=x",
        form.replace("person", f"p{bad}"),
        form + f"&extra={bad}",
    ):
        assert client.post(SIGN, data=damaged, content_type=urlencoded).status_code == 400
    assert number_of(Signature) == 1


@pytest.mark.parametrize("bad", [b"\0", b"\xed\xa0\x80", b"\xff\xfe"])
def test_unreadable_text_in_a_multipart_form_is_refused(client, page, bad):
    body = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nHong' + bad + b"\r\n--b--\r\n"
    assert client.post(SIGN, data=body, content_type="multipart/form-data; boundary=b").status_code == 400


# --- Under which name we are called ---


@sqlite_only
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil", "", "a b", "\u00e9", "[::1"]
)
def test_a_name_that_is_not_ours_is_refused_everywhere(client, page, host):
    static = client.get("/static/css/site.css", buffered=True)
    assert static.status_code == 200
    for path in (
        "/ko/c/blue-skies",
        "/api/v1/campaigns/blue-skies/count",
        "/nothing",
        "/static/css/site.css",
    ):
        client.get(path, buffered=True)  # where there is a copy to be kept, it is kept now
        answer = client.get(path, headers={"Host": host}, buffered=True)
        assert answer.status_code == 400, path
        assert "evil" not in answer.text
    assert client.post(SIGN, data=sign_form(), headers={"Host": host}).status_code == 400
    assert number_of(Signature) == 0


@sqlite_only
def test_who_watches_the_site_may_ask_by_address_and_is_told_its_state_only(client, page):
    """A load balancer asks by address; so does `flask serve`. Both got 400."""
    for path in ("/healthz", "/readyz"):
        answer = client.get(path, headers={"Host": "10.1.2.3:8000"})
        assert answer.status_code == 200
        assert "10.1.2.3" not in answer.text + str(answer.headers)
    for path in ("/healthz/", "/readyz/x", "/ko/me"):
        assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 400


@sqlite_only
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:8000", "LOCALHOST"])
def test_our_own_names_are_accepted_in_development(client, page, host):
    assert client.get("/ko/", headers={"Host": host}).status_code == 200
    assert client.get("/static/css/site.css", headers={"Host": host}, buffered=True).status_code == 200


@sqlite_only
def test_only_the_host_header_names_the_host(make_app):
    app = make_app(trusted_proxies=1)
    with app.app_context():
        campaign()
    client = app.test_client()
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Forwarded-Prefix"):
        value = "host=evil.example" if name == "Forwarded" else "evil.example"
        answer = client.get("/ko/c/blue-skies", headers={name: value})
        assert answer.status_code == 200
        assert "evil.example" not in answer.text + str(answer.headers)


@sqlite_only
def test_no_loopback_name_is_ours_in_production(make_app, tmp_path):
    from tests.support.apps import settings

    config = settings(
        tmp_path, env="production", base_url="https://sky.example", trusted_hosts="www.sky.example"
    )
    assert config.allowed_hosts == ["sky.example", "www.sky.example"]


# --- Methods ---


@sqlite_only
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/en/"),
        ("POST", "/en/c/blue-skies"),
        ("PUT", "/en/c/blue-skies/sign"),
        ("TRACE", "/en/"),
        ("GET", "/en/confirm/x/renew"),
        ("FOO", "/en/"),
    ],
)
def test_a_method_that_does_not_work_here_is_told_which_do(client, page, method, path):
    answer = client.open(path, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert '<html lang="en"' in answer.text


# --- Views that take files say how much they take ---

MEGABYTE = 1_000_000


@pytest.fixture
def site(make_app):
    """A site with a view that takes three megabytes in 60 fields, and one that says nothing."""
    book = AddressBook("site", __name__, url_prefix="/<language:lang>")

    @book.act("/wide", body=Body(3 * MEGABYTE, parts=60))
    def wide():
        return {
            "files": {name: len(file.read()) for name, file in request.files.items()},
            "fields": len(request.form),
        }

    @book.act("/narrow")
    def narrow():
        return {"fields": len(request.form)}

    app = make_app()
    app.register_blueprint(book)
    return app.test_client()


def upload(size, fields=0, **texts):
    """A form with a file."""
    # The worst for a reader of boundaries: line ends and hyphens all over.
    content = (b"\r\n--" * (size // 4 + 1))[:size]
    texts |= {f"field{n}": "xyz" for n in range(fields)}
    return multipart({**texts, "logo": FileStorage(io.BytesIO(content), "logo.png")})


@sqlite_only
@pytest.mark.parametrize("size", [0, 1, 40_000, 65_536, 70_000, 500_000, MEGABYTE, 2_900_000])
def test_a_file_within_the_limit_arrives_whole(site, size):
    answer = site.post("/ko/wide", **upload(size, fields=50))
    assert answer.status_code == 200
    assert answer.json == {"files": {"logo": size}, "fields": 50}


@sqlite_only
def test_a_file_beyond_it_gets_a_page_that_says_so(site):
    answer = site.post("/ko/wide", **upload(3_100_000))
    assert answer.status_code == 413
    assert 'lang="ko"' in answer.text


@sqlite_only
@pytest.mark.parametrize(
    "form",
    [upload(10, fields=60), upload(10, text="x" * 400_000)],
    ids=["too many fields", "a text that is too long"],
)
def test_fields_have_their_own_limits(site, form):
    assert site.post("/ko/wide", **form).status_code == 413


@sqlite_only
def test_a_view_that_says_nothing_keeps_the_small_limits(site):
    assert site.post("/ko/narrow", **upload(MAX_BODY)).status_code == 413
    assert site.post("/ko/narrow", data={f"field{n}": "x" for n in range(39)}).status_code == 200
    assert site.post("/ko/narrow", **upload(10, fields=50)).status_code == 413
    assert site.post("/ko/nowhere", **upload(MAX_BODY)).status_code in (404, 413)


@sqlite_only
def test_a_damaged_form_is_refused_by_a_view_that_takes_files(site):
    assert site.post("/ko/wide", **upload(10, name="\0")).status_code == 400
    foreign = site.post("/ko/wide", **upload(10), headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
