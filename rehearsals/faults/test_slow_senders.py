"""Bodies that never arrive whole and costly work that many ask for: the rest of the site does not notice."""

import io
import re
import secrets
import threading
import urllib.parse
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import pytest
from werkzeug.test import encode_multipart

from pledge.core import tokens
from pledge.core.tokens import Purpose
from tests.support import factories
from tests.support.nginx import HOST, Nginx, ask, tls
from tests.support.pictures import png
from tests.support.prober import Prober, flood
from tests.support.staff import code
from tests.support.waiting import wait_until

HEAD = (
    "POST /ko/c/blue-skies/sign HTTP/1.1\r\nHost: {host}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
)


@pytest.fixture
def nginx(site, make_nginx):
    return make_nginx(site.port, behind_proxy=True)


def connect(nginx, length, body):
    line = tls(nginx)
    line.sendall(HEAD.format(host=HOST, length=length, body=body).encode())
    return line


def test_half_sent_bodies_hold_up_neither_health_nor_pages_nor_other_senders_and_end_by_themselves(nginx):
    @contextmanager
    def half_sent():
        with ExitStack() as held:
            lines = [held.enter_context(connect(nginx, 4000, "name=x")) for _ in range(260)]
            yield lines
            with connect(nginx, 6, "name=x") as line:
                assert line.recv(100).startswith(b"HTTP/1.1 422")
            # nginx gives a body ten seconds between two pieces.
            with suppress(ConnectionResetError):
                assert lines[0].recv(100)[:12] in (b"", b"HTTP/1.1 408")

    check_quick(nginx, half_sent)


def test_forms_that_are_refused_before_they_are_read_are_all_answered(nginx):
    """An answer before the body was read must not become "out of reach" at nginx."""
    body = b"name=" + b"x" * 60_000
    for _ in range(60):
        status, _, _ = ask(nginx, "/ko/c/blue-skies/sign", "POST", body, Origin="https://evil.example")
        assert status == 403


def probe(nginx, seconds):
    """What people meet meanwhile at `/healthz`, at the sign form and in the staff area."""
    with (
        Prober("/healthz", nginx) as health,
        Prober("/ko/c/blue-skies/sign", nginx) as form,
        Prober("/staff/sign-in", nginx) as staff,
    ):
        threading.Event().wait(seconds)
    return health, form, staff


def check_quick(nginx, load):
    """`/healthz` answers within 0.1 s, the sign form and staff pages within a second, nine times of ten and without a failure.

    Other tests share the machine and can only slow it down, so what is usual is measured before each of fifteen windows of
    four seconds under the load, and the best one counts. Gives what the load has met in that one.
    """
    for _ in range(15):
        usual = probe(nginx, 1)
        with load() as met:
            times = probe(nginx, 4)
        if all(
            measured.is_quick(most, at_rest.typical)
            for measured, most, at_rest in zip(times, (0.1, 1, 1), usual, strict=True)
        ):
            return met
    assert [measured.failed for measured in times] == [[], [], []]
    raise AssertionError(f"health, form, staff: {[round(measured.typical, 2) for measured in times]} s")


def elsewhere():
    """An address of another network each time: four forms of one network at a time is nginx's limit."""
    return f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"


def test_two_dozen_senders_of_large_pictures_leave_the_sign_form_and_the_staff_area_quick(nginx):
    picture = io.BytesIO(png(size=(2000, 2000))), "l.png"
    boundary, body = encode_multipart({"name_en": "Sky", "logo": picture})
    kind = f"multipart/form-data; boundary={boundary}"

    def send():
        return ask(
            nginx, "/ko/c/blue-skies/endorse", "POST", body, Content_Type=kind, X_Forwarded_For=elsewhere()
        )[0]

    statuses = check_quick(nginx, lambda: flood(24, send))
    assert set(statuses) <= {422, 503}
    assert 503 in statuses


PASSWORD = "three green herons waited"


@dataclass
class Browser:
    """What somebody signs in with, at an address of their own."""

    nginx: Nginx
    cookies: dict[str, str] = field(default_factory=dict)
    address: str = field(default_factory=elsewhere)

    def ask(self, path, method="GET", body=None):
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = ask(self.nginx, path, method, body, Cookie=held, X_Forwarded_For=self.address)
        for cookie in answer[1].get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def send(self, path, **fields):
        """Open a page, and send its form."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask(path)[2])[1]
        return self.ask(path, "POST", urllib.parse.urlencode({"csrf_token": token, **fields}).encode())

    def sign_in(self, member):
        """By password and code; what the last page answered."""
        status, headers, _ = self.send("/staff/sign-in", email=member.email, password=PASSWORD)
        return self.send(headers["Location"], code=code(member))[0] if status == 303 else status


def wrong_sign_ins(nginx, tried, **cookies):
    """Four at a time from each of six networks, as many as nginx lets one try."""
    numbers = count()
    browsers = [Browser(nginx, dict(cookies), f"198.51.{number}.7") for number in range(6)]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browsers[0].ask("/staff/sign-in")[2])[1]

    def send():
        number = next(numbers)
        form = {
            "csrf_token": token,
            "email": tried[number % len(tried)],
            "password": "wrong wrong wrong",
        }
        browser = Browser(nginx, {**browsers[0].cookies, **cookies}, browsers[number % 6].address)
        return browser.ask("/staff/sign-in", "POST", urllib.parse.urlencode(form).encode())[0]

    return flood(24, send)


def test_two_dozen_wrong_sign_ins_leave_the_sign_form_and_the_staff_area_quick(nginx):
    statuses = check_quick(
        nginx, lambda: wrong_sign_ins(nginx, [f"nobody{number}@example.org" for number in range(1000)])
    )
    assert set(statuses) & {429, 503}
    assert set(statuses) <= {422, 429, 503}


@pytest.mark.parametrize("forged", [{}, {"staff_browser": "made-up"}], ids=["", "as if known"])
def test_staff_sign_in_while_six_networks_try_their_passwords(nginx, site, forged):
    """From a browser in which they did so before at the first try, from another one when they try again."""
    with site.inside():
        *known, new = [factories.staff(password=PASSWORD) for _ in range(13)]
        marks = [tokens.mint(Purpose.STAFF_BROWSER, [member.id]) for member in known]
    with wrong_sign_ins(nginx, [member.email for member in known], **forged) as met:
        wait_until(lambda: len(met) > 24)
        of_known = [
            Browser(nginx, {"staff_browser": mark}).sign_in(member)
            for member, mark in zip(known, marks, strict=True)
        ]
        assert of_known.count(303) >= 10, of_known
        wait_until(lambda: Browser(nginx).sign_in(new) == 303)
