"""The session of the staff area only: a request outside /staff neither reads nor sets a cookie.

Before sign-in the cookie itself contains the little there is (a CSRF token, how far the sign-in got), signed and valid for a
quarter of an hour: opening the page stores nothing. At sign-in it becomes a random id of a row of `staff_sessions`, which is
always a new one. A second cookie then says for three months who signed in in this browser: nginx gives whoever has one a room
of their own at the sign-in (deploy/nginx.conf), so that strangers who try passwords keep nobody out. It opens nothing.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any, cast

from flask import Flask, Request, Response, g, request, session
from flask.globals import request_ctx
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import CallbackDict

from config import Config, current_config
from pledge.accounts import queries, sessions
from pledge.accounts.models import StaffMember, StaffSession
from pledge.core import clock, tokens
from pledge.core.encryption import derive
from pledge.core.tokens import BadToken, Purpose
from pledge.web.limits import client_network

#: The path of the whole area.
AREA = "/staff"

BEFORE_SIGN_IN = timedelta(minutes=15)
_MAX_COOKIE = 4096


class BrowserSession(CallbackDict[str, Any], SessionMixin):
    """The data of one browser's session, and whose it is once somebody has signed in."""

    def __init__(
        self, held: dict[str, Any] | None = None, opened: StaffSession | None = None, *, ended: bool = False
    ) -> None:
        super().__init__(held, _note)
        #: The number of its row, and the person's; None before the sign-in.
        self.row = None if opened is None else opened.id
        self.staff_id = None if opened is None else opened.staff_id
        #: Who has just signed in: the row is made together with the answer.
        self.starts_for: StaffMember | None = None
        #: The session gets a new id with this answer.
        self.renewed = False
        #: The answer takes away what says who signed in in this browser.
        self.forgets_browser = False
        #: Somebody had signed in, and their session has ended, now or earlier.
        self.ended = ended
        self.modified = False
        self.new = held is None
        #: Why the session could not be read; raised by the first staff view, where errors become pages.
        self.fault: Exception | None = None


def _note(changed: Any) -> None:
    changed.modified = True


def browser_session() -> BrowserSession:
    """The session of this request, which must be for a page of the staff area."""
    return cast("BrowserSession", request_ctx.session)


def this_session() -> int | None:
    """The number of the session that this request belongs to; None before the sign-in."""
    return getattr(session, "row", None)


def current_member() -> StaffMember | None:
    """The person who is signed in, with roles and passkeys; read once for each request."""
    if "staff_member" not in g:
        staff_id = getattr(session, "staff_id", None)
        g.staff_member = None if staff_id is None else queries.member(id=staff_id)
    member: StaffMember | None = g.staff_member
    return member


def begin_session(person: StaffMember) -> None:
    """Sign a person in: the answer starts a session with a new id and nothing of this browser's earlier one."""
    end_session()
    browser_session().starts_for = g.staff_member = person


def end_session() -> None:
    """Sign out: end the session of this browser, here and in the database."""
    mine = browser_session()
    if mine.row is not None:
        sessions.end(mine.row)
        mine.ended = True
    mine.clear()
    mine.row = mine.staff_id = g.staff_member = None
    g.pop("csrf_token", None)


def known_in_browser() -> int | None:
    """Who signed in last in this browser; None when it does not say, or somebody made that up: then the answer takes it away."""
    held = request.cookies.get(_browser_cookie())
    if held is None:
        return None
    try:
        known = tokens.read(Purpose.STAFF_BROWSER, held)
    except BadToken:
        known = None
    if known is None or known.expired:
        browser_session().forgets_browser = True
        return None
    return int(known.payload[0])


def _browser_cookie() -> str:
    return "__Secure-staff_browser" if current_config().is_production else "staff_browser"


class StaffSessions(SessionInterface):
    """Flask's interface of sessions, for addresses under /staff only."""

    def __init__(self, config: Config) -> None:
        self._name = "__Host-staff" if config.is_production else "staff"
        self._attributes: dict[str, Any] = {
            "httponly": True,
            "samesite": "Lax",
            "secure": config.is_production,
            # The cookie name's prefix requires the whole site; without it the cookie stays in its area.
            "path": "/" if config.is_production else AREA,
        }
        self._in_area = {**self._attributes, "path": AREA}
        # itsdangerous signs with the last key of its list; ours is newest first.
        keys = [derive(key.get_secret_value(), "staff.cookie") for key in reversed(config.secret_keys)]
        self._serializer = URLSafeTimedSerializer(
            keys,
            salt="pledge.web.staff.v1",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    @property
    def cookie_name(self) -> str:
        return self._name

    def open_session(self, app: Flask, request: Request) -> BrowserSession | None:
        """The session of this request; None, an empty one that cannot be written, outside the area."""
        if request.path != AREA and not request.path.startswith(f"{AREA}/"):
            return None
        cookie = request.cookies.get(self._name, "")
        if not cookie or len(cookie) > _MAX_COOKIE:
            return BrowserSession()
        if "." in cookie:  # signed; an id has no dot
            return BrowserSession(self._unsigned(cookie))
        try:
            with app.app_context():
                stored = sessions.find(cookie)
        except SQLAlchemyError as error:
            broken = BrowserSession()
            broken.fault = error
            return broken
        return BrowserSession(ended=True) if stored is None else BrowserSession(stored.data, stored)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not isinstance(session, BrowserSession):
            return
        response.vary.add("Cookie")
        if session.fault is not None:
            return
        if session.ended:
            # Also what a browser would show for "back" (OWASP ASVS 5.0, 14.3.1).
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        if session.forgets_browser:
            response.delete_cookie(_browser_cookie(), **self._in_area)
        self._save(session, response)

    def _save(self, session: BrowserSession, response: Response) -> None:
        if session.starts_for is not None:
            facts = {"network": client_network(), "browser": browser_name(request.user_agent.string)}
            self._set(response, sessions.start(session.starts_for, _plain(session), **facts))
            known = tokens.mint(Purpose.STAFF_BROWSER, [session.starts_for.id])
            response.set_cookie(_browser_cookie(), known, Purpose.STAFF_BROWSER.lifetime, **self._in_area)
        elif session.row is not None:
            if session.renewed:
                self._set(response, sessions.renew(session.row, _plain(session)))
            elif session.modified:
                sessions.save(session.row, _plain(session))
            session.renewed = session.modified = False
        elif session.modified and session:
            self._set(response, str(self._serializer.dumps(_plain(session))))
        elif self._name in request.cookies and not session:
            response.delete_cookie(self._name, **self._attributes)

    def _unsigned(self, cookie: str) -> dict[str, Any] | None:
        try:
            held, signed_at = self._serializer.loads(cookie, return_timestamp=True)
        except (BadData, ValueError, TypeError, OSError, OverflowError, RecursionError):
            return None
        if not isinstance(held, dict) or clock.now() - signed_at > BEFORE_SIGN_IN:
            return None
        return held

    def _set(self, response: Response, value: str) -> None:
        response.set_cookie(self._name, value, **self._attributes)


def _plain(session: BrowserSession) -> dict[str, Any]:
    """The data of a session as JSON; lazy texts, such as notices, are resolved in the current language."""
    plain: dict[str, Any] = json.loads(json.dumps(session, default=str))
    return plain


#: Names of sessions in the list: browser and system, for people to recognise theirs. The first match wins.
_BROWSERS = (
    ("Edg", "Edge"),
    ("Whale", "Whale"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """`Chrome, Windows`; empty when it cannot be determined."""
    names = [
        next((name for mark, name in known if mark in user_agent), "") for known in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(part for part in names if part)
