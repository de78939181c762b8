"""Signed-in staff for tests: a client of the application, and a browser on a running site."""

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from passlib.totp import TOTP
from playwright.sync_api import Page
from werkzeug.test import TestResponse

from pledge.accounts import sessions
from pledge.accounts.authenticator import step_of
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Role
from pledge.core import clock
from pledge.web.staff.auth.access import SECOND_FACTOR, SHOWN_AT, SIGNED_IN_AT
from tests.support import factories
from tests.support.apps import CheckedClient
from tests.support.site import Site

#: What the session of a test holds as its CSRF token, before it is signed.
_CSRF = "0" * 40


class StaffClient(CheckedClient):
    """A checked client with the session of one person. `post()` adds the CSRF token; `csrf=False` leaves it out."""

    member: StaffMember

    def post(self, *args: Any, csrf: bool = True, **kwargs: Any) -> TestResponse:
        if csrf:
            kwargs["data"] = {"csrf_token": csrf_token(self.application), **(kwargs.get("data") or {})}
        return super().post(*args, **kwargs)


def csrf_token(app: Flask) -> str:
    """The token that a form of a StaffClient's session carries."""
    return URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(_CSRF)


def client_of(app: Flask, member: StaffMember, *, enrolled: bool = True, **held: Any) -> StaffClient:
    """A client in whose session this person has just signed in. `enrolled=False`: by password alone."""
    data = {**_held(enrolled=enrolled), "csrf_token": _CSRF, **held}
    token = sessions.start(member, data, network="127.0.0.1", browser="Chrome, Linux")
    client = StaffClient(app, app.response_class)
    client.set_cookie(app.session_interface.cookie_name, token, domain="localhost", path="/staff")
    client.member = member
    return client


def client(app: Flask, role: str | None = Role.ADMIN, **facts: Any) -> StaffClient:
    return client_of(app, factories.staff(role, **facts))


def code(member: StaffMember, at: float | None = None) -> str:
    """The six digits that the person's authenticator shows now, or at a time."""
    return str(TOTP.from_source(member.totp_secret).generate(at or clock.now()).token)


def wrong_code(member: StaffMember) -> str:
    """Six digits that the person's authenticator shows at no moment around now, which 000000 may be."""
    return next(digits for digits in ("000000", "111111") if not step_of(member.totp_secret, digits))


def sign_in(page: Page, site: Site, role: str = Role.ADMIN, **facts: Any) -> StaffMember:
    """Put a member of staff with this role, just signed in, into a browser window on a running site."""
    with site.inside() as app:
        member = factories.staff(role, **facts)
        token = sessions.start(member, _held(), network="127.0.0.1", browser="Chrome, Linux")
        name = app.session_interface.cookie_name
    host = urlsplit(site.url).hostname
    page.context.add_cookies([{"name": name, "value": token, "domain": host, "path": "/staff"}])
    return member


def _held(*, enrolled: bool = True) -> dict[str, Any]:
    """What the session of somebody holds who has just signed in."""
    now = clock.now().timestamp()
    return {SECOND_FACTOR: True, SHOWN_AT: now, SIGNED_IN_AT: now} if enrolled else {}


def new_authenticator(page: TestResponse, at: float | None = None) -> dict[str, str]:
    """What the page of a new authenticator sends, with the six digits that the app shows now, or at a time."""
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.text)[1]
    key = re.search(r'authenticator__key">([^<]+)<', page.text)[1]
    return {"sealed": sealed, "code": str(TOTP(key).generate(at or clock.now()).token)}


def address_and_number(reply: TestResponse) -> tuple[str, int]:
    """Of what a form has just made, whose page comes next."""
    assert reply.status_code == 303, re.findall(r'field__error"[^>]*>([^<]+)', reply.text)
    address = reply.headers["Location"]
    return address, int(address.rpartition("/")[2])


def token_in(page: TestResponse) -> str:
    """The CSRF token of the first form of a page."""
    match = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert match, page.text
    return match[1]


def send(client: FlaskClient, path: str, page: str | None = None, **fields: str) -> TestResponse:
    """Open the page that holds a form, then send the form, as a browser does."""
    return client.post(path, data={"csrf_token": token_in(client.get(page or path)), **fields})
