"""The distribution's nginx with what we ship: no token in any log, room for a launch day, a page when nothing answers."""

import http.client
import re
import secrets
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from config import Config, current_config
from pledge.web.routes import routes_of
from pledge.web.security_headers import security_headers
from tests.support.nginx import HOST, ask, tls
from tests.support.production import PRODUCTION
from tests.support.routes import token_routes, unknown
from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT

FRAMED = ("/embed/blue-skies", "X-Frame-Options")  #: other sites may show it


def walk(nginx, routes, at_once=1):
    def status_of(route):
        method, path, _ = route
        return ask(nginx, path, method, b"" if method == "POST" else None)[0]

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(status_of, routes))


def assert_no_key(nginx, routes):
    written = nginx.written()
    assert [path for _, path, key in routes if key in written or key[:24] in written] == []
    return written


@pytest.mark.sqlite_only
def test_no_key_of_any_route_stands_in_a_log_at_any_level(app, site, make_nginx):
    nginx = make_nginx(site.port, level="debug")
    routes = list(token_routes(app))
    assert len(routes) > 40
    statuses = walk(nginx, routes)
    assert all(isinstance(status, int) and status < 500 for status in statuses), statuses
    # The same, spelled otherwise: percent-encoded, doubled slashes, in capitals, with something behind, in a query.
    key = secrets.token_urlsafe(33)
    others = [
        ("GET", path.replace("KEY", key), key)
        for path in (
            "/ko/%63onfirm/KEY",
            "//ko//confirm//KEY",
            "/KO/CONFIRM/KEY",
            "/ko/confirm/x/../KEY",
            "/nothing/of/ours/KEY/more",
            "/ko/c/blue-skies?token=KEY",
            "/ko/confirm/KEY/%zz",
        )
    ]
    walk(nginx, others)
    written = assert_no_key(nginx, [*routes, *others])
    assert "/ko/confirm/[redacted]" in written
    assert " /ko/c/blue-skies " in written  # what is no key can be read
    assert "127.0.0.1," not in (nginx.logs / "pledge.access.log").read_text()


@pytest.mark.sqlite_only
def test_no_token_is_logged_when_the_connections_are_used_up(app, make_site, make_nginx):
    # Just started, so its first answers take long enough for all of them to be asked for at a time.
    site = make_site("sqlite", PLEDGE_TRUSTED_HOSTS=HOST, PLEDGE_TRUSTED_PROXIES="1").start()
    nginx = make_nginx(site.port, connections=24, level="debug")
    routes = list(token_routes(app))
    held = []
    for _ in range(17):
        try:
            held.append(tls(nginx))
        except OSError:
            break
    for line in held:  # as many requests as there are connections, and each wants another one
        _, path, _key = route = next(token_routes(app))
        routes.append(route)
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    statuses = walk(nginx, routes, at_once=8)
    written = assert_no_key(nginx, routes)
    assert "worker_connections are not enough" in written  # nginx did say so, of itself
    assert any(not isinstance(status, int) or status >= 500 for status in statuses)
    for line in held:
        line.close()


@pytest.mark.sqlite_only
def test_no_token_is_logged_when_nothing_answers_behind_nginx(app, make_nginx):
    nginx = make_nginx(free_port(), level="debug")
    routes = list(token_routes(app))
    assert set(walk(nginx, routes)) == {503}
    assert_no_key(nginx, routes)


def test_who_comes_while_nothing_answers_gets_a_503_page_in_both_languages(make_nginx):
    nginx = make_nginx(free_port())
    for method, body in (("GET", None), ("POST", b"name=x")):
        status, headers, text = ask(nginx, "/ko/c/blue-skies/sign", method, body)
        assert status == 503
        assert int(headers["Retry-After"]) > 0
        assert headers["Cache-Control"] == "no-store"
        assert "잠시 연결되지 않습니다" in text
        assert "out of reach" in text


def in_the_clear(port, path, **headers):
    """Status, where it leads and text of what is asked for without TLS; None when the connection is closed without an answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=TEST_TIMEOUT)
    try:
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.headers["Location"], answer.read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()


def test_a_load_balancer_may_ask_by_address_for_the_health_and_for_nothing_else(nginx):
    assert in_the_clear(nginx.http, "/healthz")[0] == 200
    assert in_the_clear(nginx.http, "/readyz") is None
    assert in_the_clear(nginx.http, "/ko") is None


def test_prometheus_on_this_machine_reads_the_metrics_and_nobody_through_the_site(nginx):
    status, _, text = in_the_clear(nginx.metrics, "/metrics")
    assert status == 200
    assert "pledge_database_up 1.0" in text
    assert in_the_clear(nginx.metrics, "/ko/") is None
    assert ask(nginx, "/metrics")[0] == 404


def test_people_are_led_to_https_and_programs_are_told_that_they_sent_it_in_the_clear(make_nginx):
    nginx = make_nginx(free_port())
    led = in_the_clear(nginx.http, "/ko/c/blue-skies", Host=HOST)
    assert led[:2] == (301, f"https://{HOST}/ko/c/blue-skies")
    for path in ("/api/v1/campaigns", "/log/blue-skies/checkpoint", "/hooks/mail", "/metrics"):
        assert in_the_clear(nginx.http, path, Host=HOST)[:2] == (403, None)


def handshake(nginx, highest, ciphers="DEFAULT:@SECLEVEL=0"):
    """Protocol and cipher of a connection with this protocol at most; None when nginx does not agree."""
    context = ssl.create_default_context(cafile=str(nginx.folder / "cert" / "fullchain.pem"))
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = highest
    context.set_ciphers(ciphers)
    line = socket.create_connection(("127.0.0.1", nginx.https), timeout=TEST_TIMEOUT)
    try:
        with context.wrap_socket(line, server_hostname=HOST) as wrapped:
            return wrapped.version(), wrapped.cipher()[0]
    except ssl.SSLError:
        line.close()
        return None


@pytest.mark.filterwarnings("ignore:.*TLSv1.*:DeprecationWarning")
def test_only_tls_1_2_with_forward_secrecy_and_tls_1_3_are_spoken(make_nginx):
    nginx = make_nginx(free_port())
    assert handshake(nginx, ssl.TLSVersion.MAXIMUM_SUPPORTED)[0] == "TLSv1.3"
    assert handshake(nginx, ssl.TLSVersion.TLSv1_1) is None
    protocol, cipher = handshake(nginx, ssl.TLSVersion.TLSv1_2)
    assert protocol == "TLSv1.2"
    assert re.fullmatch("ECDHE-.*(GCM|CHACHA20).*", cipher)
    for weak in ("ECDHE+AES+SHA1", "ECDHE+AES+SHA256", "ECDHE+AES+SHA384", "ECDHE+AESCCM"):
        assert handshake(nginx, ssl.TLSVersion.TLSv1_2, f"{weak}:!AESGCM:!CHACHA20:@SECLEVEL=0") is None, weak


def answered(nginx, request):
    """Status and headers for these bytes."""
    with tls(nginx) as line:
        line.sendall(request)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        return answer.status, answer.headers


def test_what_nginx_answers_by_itself_has_the_headers_of_the_applications_answers_once(nginx, make_nginx):
    away = make_nginx(free_port())
    host = f"Host: {HOST}\r\n"
    sign_in = f"POST /staff/sign-in HTTP/1.1\r\n{host}Content-Length: 1\r\n\r\nx".encode()
    for _ in range(21):
        answered(nginx, sign_in)
    requests = {
        400: (nginx, f"GET /ko/ HTTP/1.1\r\n{host}{host}\r\n"),
        404: (nginx, f"GET /metrics HTTP/1.1\r\n{host}\r\n"),
        405: (nginx, f"TRACE /ko/ HTTP/1.1\r\n{host}\r\n"),
        413: (nginx, f"POST /ko/me HTTP/1.1\r\n{host}Content-Length: 300000\r\n\r\n"),
        414: (nginx, f"GET /{'x' * 20_000} HTTP/1.1\r\n{host}\r\n"),
        429: (nginx, sign_in.decode()),
        503: (away, f"GET /ko/confirm/a-token HTTP/1.1\r\n{host}\r\n"),
    }
    wanted = security_headers(Config(**PRODUCTION)) | {"Cache-Control": "no-store"}
    wanted["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    for status, (asked, request) in requests.items():
        answered_status, headers = answered(asked, request.encode())
        assert answered_status == status
        assert {name: headers.get_all(name) for name in wanted} == {
            name: [value] for name, value in wanted.items()
        }, status
        assert headers["Content-Type"] in ("text/html; charset=utf-8", "text/plain; charset=utf-8"), status
        assert (headers["Retry-After"] is not None) is (status in (429, 503)), status
        assert headers["Refresh"] == ("15" if status == 503 else None)
    for path in (
        "/ko/c/blue-skies",
        "/ko/c/blue-skies",
        "/ko/me",
        "/static/css/site.css",
        "/log/nothing/key",
        "/embed/blue-skies",
    ):
        _, headers, _ = ask(nginx, path)
        for name in set(wanted) - {"Strict-Transport-Security"}:
            assert len(headers.get_all(name, [])) == (0 if (path, name) == FRAMED else 1), (path, name)
        assert "script-src 'self'" in headers["Content-Security-Policy"], "the application's own"
        assert "Refresh" not in headers


@pytest.mark.sqlite_only
def test_every_mailed_link_that_is_opened_while_nothing_answers_asks_again_by_itself(app, make_nginx):
    away = make_nginx(free_port())
    for method, path, _ in token_routes(app):
        if "/check/" not in path:  # where a form leads, not a mail
            status, headers, _ = ask(away, path, method)
            assert (status, headers["Refresh"]) == (503, "15" if method == "GET" else None), path


def raw(nginx, request):
    """The first status for these bytes; None when the connection is closed without one."""
    with tls(nginx) as line:
        line.sendall(request)
        match = re.match(rb"HTTP/1\.1 (\d+)", line.recv(4096))
    return match and int(match[1])


@pytest.mark.sqlite_only
def test_whatever_the_application_takes_may_be_as_large_at_nginx(app, nginx):
    adapter = app.url_map.bind(HOST)
    for rule in app.url_map.iter_rules():
        route = routes_of(app).get(rule.endpoint)
        if route is not None and route.body is not None and "POST" in rule.methods:
            values = {name: unknown(rule, name) for name in rule.arguments}
            head = f"POST {adapter.build(rule.endpoint, values, 'POST')} HTTP/1.1\r\nHost: {HOST}\r\n"
            size = f"Expect: 100-continue\r\nContent-Length: {route.body.max_bytes(current_config())}\r\n\r\n"
            assert raw(nginx, (head + size).encode()) == 100, head


@pytest.mark.parametrize(
    ("path", "most"),
    [("/staff/sign-in", 4), ("/ko/c/blue-skies/endorse", 4), ("/staff/paper/air/new", 16)],
)
def test_one_network_has_few_costly_forms_on_their_way_and_staff_pages_all_the_while(nginx, path, most):
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 200000\r\n\r\n".encode()
    with ExitStack() as lines:
        for _ in range(most - 1):
            lines.enter_context(tls(nginx)).sendall(head)
        assert ask(nginx, path, "POST", b"x")[0] != 429
        lines.enter_context(tls(nginx)).sendall(head)
        assert raw(nginx, head) == 429
        assert ask(nginx, "/staff/sign-in")[0] == 200


def test_an_office_of_400_behind_one_address_sends_its_forms_and_then_their_proofs(make_nginx):
    nginx = make_nginx(free_port())  # where nothing answers, so that only nginx can say 429
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: ask(nginx, "/ko/c/blue-skies/sign", "POST", b"x")[0], range(800))
        assert set(answers) == {503}


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Content-Length: +5",
        "Content-Length: 5, 5",
        "Content-Length : 5",
    ],
)
def test_a_request_whose_end_two_servers_could_see_in_two_places_is_refused(nginx, framing):
    head = f"POST /ko/c/blue-skies/sign HTTP/1.1\r\nHost: {HOST}\r\n{framing}\r\n\r\n"
    assert raw(nginx, head.encode() + b"0\r\n\r\nGET /ko/ HTTP/1.1\r\n\r\n") in (400, 501, None)


def test_no_folder_is_listed_and_nothing_but_the_site_s_own_files_is_served(nginx):
    for path in (
        "/static/",
        "/static/css/",
        "/files/",
        "/.git/config",
        "/.env",
        "/config.py",
        "/static/../config.py",
        "/static/%2e%2e/config.py",
        "/static/..%2fconfig.py",
    ):
        assert ask(nginx, path)[0] in (400, 404), path
