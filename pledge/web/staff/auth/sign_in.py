"""Sign-in: password and then a code or a passkey, a passkey alone, or a recovery code when both are lost.

The answer never reveals whether an account exists: same texts, same time (accounts/passwords.py), same waits.

A form that comes after its session has ended is carried through these pages in hidden fields, and can be sent once its owner
has signed in again (docs/adr/0083).
"""

from collections.abc import Callable

from flask import Response, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug import Response as AnyResponse
from wtforms import PasswordField, StringField

from pledge.accounts import authenticator, passwords, queries, throttle
from pledge.accounts import services as accounts
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Permission
from pledge.audit.models import Actor
from pledge.core.concurrency import Busy
from pledge.core.logs import log
from pledge.web import limits
from pledge.web.forms import StaffForm
from pledge.web.request_checks import allows
from pledge.web.staff.auth import cookies
from pledge.web.staff.auth.access import (
    AccessLevel,
    UndeclaredView,
    mark_second_factor,
    needed_permission,
    page_after_sign_in,
    public,
    requires_password,
    staff_error_page,
    staff_page,
)
from pledge.web.staff.auth.carried_forms import (
    CARRIED_BODY,
    as_carried,
    carried,
    carried_form_page,
    owner_of,
    typed_fields,
)
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.auth.throttling import count_try, forget_tries, form_page, take_back_try, wait_message
from pledge.web.staff.blueprint import staff

#: In the session: who has given the right password in this browser but not shown the second factor yet.
_PENDING = "pending_sign_in"


class SignInForm(StaffForm):
    """Address and password."""

    email = StringField(_l("E-mail"))
    password = PasswordField(_l("Password"))


class SecondFactorForm(StaffForm):
    """A code from an authenticator app, or a recovery code."""

    code = StringField(_l("Code"))
    wait = 0

    def accepts(self, person: StaffMember, is_right: Callable[[str], bool], wrong: str) -> bool:
        """Whether the code is right, counted as a try; if not, the form says why."""
        self.wait = count_try(throttle.SECOND_FACTOR, str(person.id))
        if self.wait:
            self.code.errors = [wait_message(self.wait)]
        elif is_right(self.code.data or ""):
            forget_tries(throttle.SECOND_FACTOR, str(person.id))
            return True
        else:
            log.warning("wrong code", endpoint=request.endpoint, member=person.id)
            self.code.errors = [wrong]
        return False

    def accepts_app_code(self, person: StaffMember) -> bool:
        """As accepts, for a code of the person's authenticator app."""
        secret = person.totp_secret or ""
        wrong = _("This code is not correct, or it was used already. Please wait for the next one.")
        return self.accepts(person, lambda typed: authenticator.use(person.id, secret, typed), wrong)


class SignInAgainForm(SecondFactorForm):
    """The password and a code, of somebody who has signed in."""

    password = PasswordField(_l("Password"))

    def accepts_app_code(self, person: StaffMember) -> bool:
        """As above, after the password: a code is used up by being right."""
        return self._accepts_password(person) and super().accepts_app_code(person)

    def _accepts_password(self, person: StaffMember) -> bool:
        self.wait = count_try(throttle.PASSWORD, person.email)
        if self.wait:
            self.password.errors = [wait_message(self.wait)]
            return False
        try:
            is_right = passwords.matches(self.password.data or "", person.password)
        except Busy:  # nothing was compared
            take_back_try(throttle.PASSWORD, person.email)
            raise
        if is_right:
            forget_tries(throttle.PASSWORD, person.email)
        else:
            log.warning("wrong password", endpoint=request.endpoint, member=person.id)
            self.password.errors = [_("This is not your current password.")]
        return is_right


@staff.get("/sign-in")
@public
def sign_in() -> AnyResponse:
    session.pop(_PENDING, None)
    return redirect("/staff/", 303) if current_member() else sign_in_page(SignInForm())


@staff.post("/sign-in")
@allows(body=CARRIED_BODY)
@public
def sign_in_post() -> AnyResponse:
    session.pop(_PENDING, None)
    if current_member():
        return redirect("/staff/", 303)
    form = SignInForm(request.form)
    email, password = (form.email.data or "").strip().lower(), form.password.data or ""
    if not email or not password:
        if "email" in request.form:  # else from another page of the sign-in, with a carried form
            form.form_errors = [_("Enter your e-mail address and your password.")]
        return sign_in_page(form)
    wait = count_try(throttle.PASSWORD, email)
    if wait:
        form.form_errors = [wait_message(wait)]
        return sign_in_page(form, wait)
    person = queries.member(email=email, active=True)
    try:
        is_right = passwords.matches(password, person.password if person else None)
    except Busy:  # nothing was compared
        take_back_try(throttle.PASSWORD, email)
        raise
    if person is None or not is_right:
        log.warning("wrong password", endpoint=request.endpoint, member=person and person.id)
        form.form_errors = [_("The e-mail address or the password is not correct.")]
        return sign_in_page(form)
    forget_tries(throttle.PASSWORD, email)
    if not person.has_second_factor:
        return begin_session(person, "password")
    session[_PENDING] = [person.id, person.auth_version]
    return _second_step(person)


@staff.get("/sign-in/code")
@public
def code() -> AnyResponse:
    person = pending()
    return _to_start() if person is None else _code_page("staff/auth/code.html", SecondFactorForm(), person)


@staff.post("/sign-in/code")
@allows(body=CARRIED_BODY)
@public
def code_post() -> AnyResponse:
    person = pending()
    if person is None or not person.totp_secret:
        return _to_start()
    form = SecondFactorForm(request.form)
    if "code" in request.form and form.accepts_app_code(person):
        return begin_session(person, "authenticator")
    return _code_page("staff/auth/code.html", form, person)


@staff.get("/sign-in/recovery")
@public
def recovery() -> AnyResponse:
    person = pending()
    return (
        _to_start() if person is None else _code_page("staff/auth/recovery.html", SecondFactorForm(), person)
    )


@staff.post("/sign-in/recovery")
@allows(body=CARRIED_BODY)
@public
def recovery_post() -> AnyResponse:
    person = pending()
    if person is None:
        return _to_start()
    form, actor = SecondFactorForm(request.form), _actor(person)
    wrong = _("This is not one of your recovery codes, or it was used already.")
    if "code" in request.form and form.accepts(
        person, lambda typed: accounts.use_recovery_code(actor, typed), wrong
    ):
        return begin_session(person, "recovery code")
    return _code_page("staff/auth/recovery.html", form, person)


@staff.post("/sign-out")
@requires_password
def sign_out() -> AnyResponse:
    cookies.end_session()
    return _to_start()


def begin_session(person: StaffMember, how: str) -> AnyResponse:
    """Start a session of this person, who has just proved who they are (`how`), and go on to the page they wanted."""
    accounts.note_sign_in(_actor(person), how)
    cookies.begin_session(person)
    if how != "password":
        mark_second_factor()
    return carried_form_page() if carried() else redirect(next_page() or "/staff/", 303)


def pending() -> StaffMember | None:
    """Who has given the right password in this browser but not shown the second factor yet; None when nobody has."""
    staff_id, auth_version = session.get(_PENDING) or (0, 0)
    person = queries.member(id=staff_id, auth_version=auth_version, active=True)
    return person if person is not None and person.has_second_factor else None


def sign_in_page(form: SignInForm, wait: int = 0) -> Response:
    return form_page("staff/auth/sign_in.html", form, wait, next=next_page())


def _code_page(template: str, form: SecondFactorForm, person: StaffMember) -> Response:
    return form_page(template, form, form.wait, person=person, next=next_page())


def next_page() -> str | None:
    """The page to go on to after the sign-in, if it is one of the staff area."""
    return staff_page(request.args.get("next", ""))


def _second_step(person: StaffMember) -> AnyResponse:
    """On to the code or the passkey; with a carried form without a redirect, which would lose it."""
    if not carried():
        page = "staff.code" if person.totp_secret else "staff.passkey_sign_in"
        return redirect(url_for(page, next=next_page()), 303)
    if not person.totp_secret:
        return passkey_page()
    return _code_page("staff/auth/code.html", SecondFactorForm(), person)


def passkey_page(options: str = "") -> Response:
    """Signing in with a passkey: the button, or with `options` the browser's dialogue."""
    values = {"options": options, "next": next_page(), "pending": pending()}
    return make_response(render_template("staff/auth/passkey_sign_in.html", **values))


@staff.errorhandler(CSRFError)
def on_lapsed_session(_error: CSRFError) -> AnyResponse:
    """A form came without the token of a session, mostly as that had expired: let its owner sign in, and carry it meanwhile."""
    if carried():  # the sign-in itself took too long
        return carried_form_page() if current_member() else sign_in_page(SignInForm())
    owner = owner_of(request.form.get("form_owner", ""))
    if owner is None or not _is_of_a_member():
        return staff_error_page(
            400,
            _("Please send it again"),
            _(
                "The page was open for too long, or you have signed out in the meantime. Nothing was changed. Go back, copy what "
                "you wrote, open the page again and send it once more."
            ),
        )
    page, fields = page_after_sign_in(), typed_fields()
    if fields:
        g.carried = as_carried(fields)
        if current_member() is not None:  # meanwhile, in another window
            return carried_form_page()
    elif current_member() is not None:
        return redirect(page, 303)
    person = queries.member(id=owner)
    if person is not None:
        session["lang"] = g.lang = person.lang
    if not fields:
        flash(_("Your session had ended, so nothing was done. Please sign in and try again."), "warning")
        return redirect(url_for("staff.sign_in", next=page), 303)
    flash(
        _(
            "Your session had ended, so nothing was saved. What you typed is kept on this page: sign in, and you can send it."
        ),
        "warning",
    )
    return sign_in_page(SignInForm())


def _is_of_a_member() -> bool:
    """Whether the requested view is for signed-in people, and is answered with a page."""
    try:
        need = needed_permission(request.endpoint or "")
    except (UndeclaredView, KeyError):
        return False
    is_page = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return is_page and (isinstance(need, Permission) or need is AccessLevel.SIGNED_IN)


def _to_start() -> AnyResponse:
    return redirect(url_for("staff.sign_in"), 303)


def _actor(person: StaffMember) -> Actor:
    return Actor(person.id, person.email, limits.client_network())
