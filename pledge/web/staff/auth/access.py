"""Access to the staff area: every view declares what it needs, and a view without a declaration is refused.

Also its addresses: which ones a redirect may lead to, and which page contains the form behind one.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import HTTPException
from wtforms import ValidationError

from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Permission
from pledge.audit.models import Actor
from pledge.core import clock
from pledge.core.logs import log
from pledge.web import limits
from pledge.web.staff.acts import Ask, asks
from pledge.web.staff.auth.cookies import AREA, browser_session, current_member

View = TypeVar("View", bound=Callable[..., Any])

#: How long ago the second factor may have been shown for acts that cannot be undone.
RECENT_MFA = timedelta(minutes=5)

_MARK = "needed_permission"
_GUARD = "asks_for_what_was_shown_recently"
_FILE = "hands_out_a_file"
#: In the session: the second factor was shown in it; when it was shown last, and when all that signs the person in was, in Unix
#: seconds.
SECOND_FACTOR = "second_factor"
SHOWN_AT = "second_factor_at"
SIGNED_IN_AT = "signed_in_at"


class AccessLevel(StrEnum):
    """The needs of a view that are no permission of a role."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    ENROLLING = "enrolling"  #: also before there is a second factor: to set one up
    BEFORE_MFA = "before_mfa"  #: also before the second factor was shown in this session


Need = Permission | AccessLevel


class UndeclaredView(RuntimeError):
    """A staff view without `@needs(…)` was requested: a bug, answered with 403."""


class NobodySignedIn(RuntimeError):
    """A view asks who is acting though nobody is signed in: a bug."""


class SecondFactorNeeded(Exception):
    """What was asked for needs the second factor again, and with `sign_in` the password too (step_up.py)."""

    def __init__(self, *, sign_in: bool) -> None:
        super().__init__()
        self.sign_in = sign_in


def needs(permission: Permission) -> Callable[[View], View]:
    """Declare the permission that a view needs. To be placed right above the function, below the route."""

    def mark(view: View) -> View:
        setattr(view, _MARK, permission)
        return view

    return mark


def public(view: View) -> View:
    """Declare that a view is open to anybody who has its address: the pages of the sign-in."""
    setattr(view, _MARK, AccessLevel.PUBLIC)
    return view


def requires_sign_in(view: View) -> View:
    """Declare that a view is open to everybody who has signed in: their own account, their language."""
    setattr(view, _MARK, AccessLevel.SIGNED_IN)
    return view


def open_to_enrolment(view: View) -> View:
    """Declare that a view sets up a second factor, whether the person has one already or not."""
    setattr(view, _MARK, AccessLevel.ENROLLING)
    return view


def requires_password(view: View) -> View:
    """Declare that a view is open after the password, before the second factor."""
    setattr(view, _MARK, AccessLevel.BEFORE_MFA)
    return view


def needed_permission(endpoint: str) -> Need:
    """The need of a staff endpoint: a permission, or one of AccessLevel. Raises UndeclaredView."""
    view = current_app.view_functions[endpoint]
    found: Need | None = getattr(view, _MARK, None)
    if found is None:
        raise UndeclaredView(endpoint)
    return found


def requires_recent_mfa(view: View) -> View:
    """Ask for the second factor again when it was shown more than five minutes ago (step_up.py).

    To be placed between `@needs(…)` and the function.
    """
    return _guarded(view, SHOWN_AT)


def requires_recent_sign_in(view: View) -> View:
    """As requires_recent_mfa, and the password with it, unless a passkey is shown: for what signs a person in (ASVS 5.0, 7.5.1)."""
    return _guarded(view, SIGNED_IN_AT)


def _guarded(view: View, since: str) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        # People who set up their first second factor have none to show; nobody else gets here without one.
        if was_shown_lately(since) or not has_shown_second_factor():
            return view(*args, **kwargs)
        raise SecondFactorNeeded(sign_in=since == SIGNED_IN_AT)

    setattr(guarded, _GUARD, since)
    return cast("View", guarded)


def requires_recent_mfa_for_file(view: View) -> View:
    """As requires_recent_mfa, for a form that is answered with a file: as no page comes with it, a button of its own fetches it."""
    guarded = requires_recent_mfa(view)
    setattr(guarded, _FILE, True)
    return guarded


def guard(endpoint: str) -> str | None:
    """What a view asks to have been shown recently: SHOWN_AT, SIGNED_IN_AT, or nothing."""
    if Ask.FACTOR in asks(endpoint):
        return SHOWN_AT
    return getattr(current_app.view_functions.get(endpoint), _GUARD, None)


def hands_out_file(endpoint: str) -> bool:
    """Whether a view answers with a file."""
    return hasattr(current_app.view_functions.get(endpoint), _FILE)


def ask_to_sign_in() -> AnyResponse:
    """Redirect to the sign-in, and from there back."""
    return redirect(url_for("staff.sign_in", next=page_after_sign_in()), 303)


def was_shown_lately(since: str = SHOWN_AT) -> bool:
    """Whether it was shown in this session within the last five minutes."""
    shown = session.get(since, 0)
    return has_shown_second_factor() and clock.now().timestamp() - shown <= RECENT_MFA.total_seconds()


def has_shown_second_factor() -> bool:
    """Whether the second factor was shown in this session."""
    return bool(session.get(SECOND_FACTOR))


def mark_second_factor(*, alone: bool = False) -> None:
    """Record in the session that the second factor was just shown: with the password, by a passkey, which is both, or `alone`.

    The id of the session changes with that (OWASP ASVS 5.0, 7.2.4).
    """
    session[SECOND_FACTOR] = True
    session[SHOWN_AT] = clock.now().timestamp()
    if not alone:
        session[SIGNED_IN_AT] = session[SHOWN_AT]
    browser_session().renewed = True


def me() -> StaffMember:
    """The person who is signed in. Raises NobodySignedIn."""
    found = current_member()
    if found is None:
        raise NobodySignedIn
    return found


def actor() -> Actor:
    """The person who is signed in, for the audit log. Raises NobodySignedIn."""
    member = me()
    return Actor(member.id, member.email, limits.client_network())


def check_access() -> AnyResponse | None:
    """Let a request through to a staff view, or answer it. Runs before every view of the staff area."""
    if (fault := browser_session().fault) is not None:
        raise fault
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        _check_csrf()
    try:
        need = needed_permission(request.endpoint or "")
    except UndeclaredView:
        log.error("staff view without a declared permission", endpoint=request.endpoint)
        return refused()
    if need is AccessLevel.PUBLIC:
        return None
    return ask_to_sign_in() if current_member() is None else check_member(need)


def check_member(need: Need) -> AnyResponse | None:
    """As check_access, for somebody who has signed in: steps to do first, and whether their roles allow it."""
    if need is AccessLevel.BEFORE_MFA:
        return None
    if step := _step_before(need):
        return redirect(url_for(step), 303)
    return refused() if isinstance(need, Permission) and not me().can(need) else None


def _step_before(need: Need) -> str | None:
    """The step to do first: set up a second factor, show it, or save recovery codes; None when there is none."""
    member = me()
    if not has_shown_second_factor():
        if member.has_second_factor:
            return "staff.verify"
        return None if need is AccessLevel.ENROLLING else "staff.enrol"
    if member.recovery_codes is None and need is not AccessLevel.ENROLLING:
        return "staff.recovery_codes"
    return None


def _check_csrf() -> None:
    """Check that a form has the token of its session. Raises CSRFError."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError as error:
        raise CSRFError(str(error)) from None


def refused() -> Response:
    """The page for people without the permission."""
    member = current_member()
    log.warning("access refused", endpoint=request.endpoint, member=member and member.id)
    return make_response(render_template("staff/auth/refused.html"), 403)


def staff_page(address: str) -> str | None:
    """The address if it is a page of the staff area, for a redirect; None for anything else."""
    plain = address.isascii() and "\\" not in address and not any(c.isspace() for c in address)
    return address if plain and address.startswith(f"{AREA}/") else None


def page_of(path: str) -> str:
    """The page of the form that is sent to an address: the address itself if it can be opened, else the nearest above it."""
    adapter = current_app.create_url_adapter(request)
    parts = path.rstrip("/").split("/")
    while adapter is not None and len(parts) > 2:
        found = "/".join(parts)
        try:
            adapter.match(found, method="GET")
        except HTTPException:
            parts.pop()
        else:
            return found
    return f"{AREA}/"


def page_after_sign_in() -> str:
    """The page to return to after signing in: this page, or for a form the page that contains it."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    sent_from = staff_page((request.referrer or "").removeprefix(request.host_url.rstrip("/"))) or ""
    # A refused form is shown under an address that cannot be opened.
    is_page = page_of(urlsplit(sent_from).path) == urlsplit(sent_from).path
    return sent_from if sent_from and is_page else page_of(request.path)
