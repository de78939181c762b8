"""Access to the staff area: what each address declares (pledge/web/routes.py) is checked before its view; one that declares nothing
is refused.

Also its addresses: which ones a redirect may lead to, and which page contains the form behind one.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
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
from pledge.web.routes import AccessLevel, Ask, Need, route_of
from pledge.web.staff.auth.cookies import AREA, browser_session, current_member

#: How long ago the second factor may have been shown for acts that cannot be undone.
RECENT_MFA = timedelta(minutes=5)

#: In the session: the second factor was shown in it; when it was shown last, and when all that signs the person in was, in Unix
#: seconds.
SECOND_FACTOR = "second_factor"
SHOWN_AT = "second_factor_at"
SIGNED_IN_AT = "signed_in_at"


class UndeclaredView(RuntimeError):
    """A staff view does not declare what it needs, or what its form asks for. A bug, answered with 403."""


class NobodySignedIn(RuntimeError):
    """A view asks who is acting though nobody is signed in: a bug."""


class SecondFactorNeeded(Exception):
    """What was asked for needs the second factor again, and with `sign_in` the password too (step_up.py)."""

    def __init__(self, *, sign_in: bool) -> None:
        super().__init__()
        self.sign_in = sign_in


def needed_permission(endpoint: str, *, is_form: bool = False) -> Need:
    """The need of a staff endpoint, to which a form may be sent: a permission, or one of AccessLevel. Raises UndeclaredView."""
    route = route_of(endpoint)
    if route is None or route.needs is None or (is_form and route.asks is None):
        raise UndeclaredView(endpoint)
    return route.needs


def may_open(person: StaffMember, endpoint: str) -> bool:
    """Whether the roles of somebody who has signed in allow to read a staff page."""
    need = needed_permission(endpoint)
    return not isinstance(need, Permission) or person.sees(need)


def may_act(endpoint: str) -> bool:
    """Whether the roles of who is signed in allow what a staff endpoint does. Raises UndeclaredView, NobodySignedIn."""
    need = needed_permission(endpoint)
    return not isinstance(need, Permission) or me().can(need)


def only_reads() -> bool:
    """Whether who is signed in may read this page, but do nothing on it."""
    member, route = current_member(), route_of(request.endpoint)
    need = route and route.needs
    return member is not None and isinstance(need, Permission) and not member.can(need)


def asks(act: str) -> Ask | None:
    """What is asked before something is done by a staff endpoint; None where no form is sent to it."""
    route = route_of(f"staff.{act.removeprefix('staff.')}")
    return route.asks if route else None


def asked_names(act: str) -> list[str]:
    """As asks(), for templates. Raises UndeclaredView for what is no act."""
    if (asked := asks(act)) is None:
        raise UndeclaredView(act)
    return [str(each.name).lower() for each in asked]


def guard(act: str) -> str | None:
    """What an act asks to have been shown recently: SHOWN_AT, SIGNED_IN_AT, or nothing."""
    asked = asks(act) or Ask.NOTHING
    if Ask.SIGN_IN in asked:
        return SIGNED_IN_AT
    return SHOWN_AT if Ask.FACTOR in asked else None


def asks_factor_now(act: str) -> bool:
    """Whether an act would ask for the second factor now."""
    since = guard(act)
    return since is not None and has_shown_second_factor() and not was_shown_lately(since)


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
    member = current_member()
    if member is None:
        raise NobodySignedIn
    return member


def actor(member: StaffMember | None = None) -> Actor:
    """This person for the audit log, by default the one who is signed in. Raises NobodySignedIn."""
    member = member or me()
    return Actor(member.id, member.email, limits.client_network())


def check_access() -> AnyResponse | None:
    """Let a request through to a staff view, or answer it. Runs before every view of the staff area. Raises CSRFError."""
    if (fault := browser_session().fault) is not None:
        raise fault
    is_form, endpoint = request.method not in ("GET", "HEAD", "OPTIONS"), request.endpoint or ""
    if is_form:
        try:
            validate_csrf(request.form.get("csrf_token"))
        except ValidationError as error:
            raise CSRFError(str(error)) from None
    try:
        need = needed_permission(endpoint, is_form=is_form)
    except UndeclaredView:
        log.error("staff view without a declaration", endpoint=endpoint)
        return refused()
    if need is AccessLevel.PUBLIC:
        return None
    if current_member() is None:
        return redirect(url_for("staff.sign_in", next=page_after_sign_in()), 303)
    if need is AccessLevel.BEFORE_MFA:
        return None
    if step := _step_before(need):
        return redirect(url_for(step), 303)
    is_allowed = may_act(endpoint) if is_form else may_open(me(), endpoint)
    return None if is_allowed else refused()


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


def refused() -> Response:
    """The page for people without the permission."""
    member = current_member()
    log.warning("access refused", endpoint=request.endpoint, member=member and member.id)
    return staff_error_page(
        403,
        _("You do not have access to this page"),
        _("Your roles do not include it. If you need it for your work, please ask an administrator."),
    )


def staff_error_page(status: int, title: str, message: str) -> Response:
    page = render_template("staff/error.html", status=status, title=title, message=message)
    return make_response(page, status)


def done(message: str, endpoint: str, **address: Any) -> AnyResponse:
    """On to a page, which says what was done."""
    flash(message, "done")
    return redirect(url_for(f"staff.{endpoint}", **address), 303)


def staff_page(address: str) -> str | None:
    """The address if it is a page of the staff area, for a redirect; None for anything else."""
    plain = address.isascii() and "\\" not in address and not any(c.isspace() for c in address)
    return address if plain and address.startswith(f"{AREA}/") else None


def page_of(path: str) -> str:
    """The page of the form that is sent to an address: the address itself if it can be opened, else the nearest above it."""
    adapter = current_app.create_url_adapter(request)
    parts = path.rstrip("/").split("/")
    while adapter is not None and len(parts) > 2:
        prefix = "/".join(parts)
        try:
            adapter.match(prefix, method="GET")
        except HTTPException:
            parts.pop()
        else:
            return prefix
    return f"{AREA}/"


def page_after_sign_in() -> str:
    """The page to return to after signing in: this page, or for a form the page that contains it."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    sent_from = staff_page((request.referrer or "").removeprefix(request.host_url.rstrip("/"))) or ""
    # A refused form is shown under an address that cannot be opened.
    is_page = page_of(urlsplit(sent_from).path) == urlsplit(sent_from).path
    return sent_from if sent_from and is_page else page_of(request.path)
