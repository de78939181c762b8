"""Sign-in: password and then a code or a passkey, a passkey alone, or a recovery code when both are lost.

The answer never reveals whether an account exists: same texts, same time (accounts/passwords.py), same waits.

A form that comes after its session has ended is carried through these pages in hidden fields, and can be sent once its owner
has signed in again (docs/adr/0083).
"""

from collections.abc import Callable
from datetime import timedelta

from flask import Response, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.fields import Field

from pledge.accounts import authenticator, passwords, queries, throttle
from pledge.accounts import services as accounts
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Permission
from pledge.accounts.throttle import ThrottleRule
from pledge.core.concurrency import Busy
from pledge.core.i18n import format_duration
from pledge.core.logs import log
from pledge.web import limits
from pledge.web.forms import StaffForm
from pledge.web.routes import AccessLevel, Ask
from pledge.web.staff.auth import cookies
from pledge.web.staff.auth.access import (
    UndeclaredView,
    actor,
    mark_second_factor,
    needed_permission,
    page_after_sign_in,
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
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import form_page

#: In the session: who has given the right password in this browser but not shown the second factor yet.
_PENDING = "pending_sign_in"


class SecretForm(StaffForm):
    """A form with a secret that a stranger would guess at: each try counts for a name and for the network it comes from."""

    wait = 0  #: seconds until the next try

    def accepts(
        self,
        rule: ThrottleRule,
        name: str,
        is_right: Callable[[], bool],
        wrong: str,
        *,
        member: StaffMember | None,
        field: Field | None = None,
    ) -> bool:
        """Whether the secret is right; if not, the field says why, or the form where no field may tell."""
        network = limits.client_network()
        self.wait = throttle.count_attempt(throttle.NETWORK, network) or throttle.count_attempt(rule, name)
        if self.wait:
            log.warning("tries slowed down", rule=rule.scope, seconds=self.wait)
            wait = format_duration(timedelta(seconds=self.wait))
            self._refuse(field, _("Too many tries. Please wait %(time)s.", time=wait))
            return False
        try:
            is_accepted = is_right()
        except Busy:  # nothing was compared
            throttle.uncount_attempt(rule, name)
            throttle.uncount_attempt(throttle.NETWORK, network)
            raise
        if is_accepted:
            throttle.reset(rule, name)
            throttle.uncount_attempt(throttle.NETWORK, network)
        else:
            kind = "wrong password" if rule is throttle.PASSWORD else "wrong code"
            log.warning(kind, endpoint=request.endpoint, member=member and member.id)
            self._refuse(field, wrong)
        return is_accepted

    def _refuse(self, field: Field | None, message: str) -> None:
        if field is None:
            self.form_errors = [message]
        else:
            field.errors = [message]


class SignInForm(SecretForm):
    """Address and password."""

    email = StringField(_l("E-mail"))
    password = PasswordField(_l("Password"))


class SecondFactorForm(SecretForm):
    """A code from an authenticator app, or a recovery code."""

    code = StringField(_l("Code"))

    def accepts_app_code(self, person: StaffMember) -> bool:
        secret, typed = person.totp_secret or "", self.code.data or ""
        return self.accepts(
            throttle.SECOND_FACTOR,
            str(person.id),
            lambda: authenticator.use(person.id, secret, typed),
            _("This code is not correct, or it was used already. Please wait for the next one."),
            member=person,
            field=self.code,
        )

    def accepts_recovery_code(self, person: StaffMember) -> bool:
        return self.accepts(
            throttle.SECOND_FACTOR,
            str(person.id),
            lambda: accounts.use_recovery_code(actor(person), self.code.data or ""),
            _("This is not one of your recovery codes, or it was used already."),
            member=person,
            field=self.code,
        )


class SignInAgainForm(SecondFactorForm):
    """The password and a code, of somebody who has signed in."""

    password = PasswordField(_l("Password"))

    def accepts_app_code(self, person: StaffMember) -> bool:
        """As above, after the password: a code is used up by being right."""
        has_password = self.accepts(
            throttle.PASSWORD,
            person.email,
            lambda: passwords.matches(self.password.data or "", person.password),
            _("This is not your current password."),
            member=person,
            field=self.password,
        )
        return has_password and super().accepts_app_code(person)


@staff.page("/sign-in", needs=AccessLevel.PUBLIC, asks=Ask.NOTHING, body=CARRIED_BODY)
def sign_in() -> AnyResponse:
    session.pop(_PENDING, None)
    if current_member():
        return redirect("/staff/", 303)
    form = SignInForm(request.form)
    email, password = (form.email.data or "").strip().lower(), form.password.data or ""
    known_id, is_made_up = cookies.known_in_browser(), cookies.browser_session().forgets_browser
    if not email or not password or is_made_up:
        if "email" in request.form:  # else from another page of the sign-in, with a carried form
            form.form_errors = [_("Enter your e-mail address and your password.")]
        if is_made_up and password:  # nginx let it into the room of browsers that are known
            form.form_errors = [_("Please enter your password once more.")]
        return sign_in_page(form)
    person = queries.member(email=email, active=True)
    wrong = _("The e-mail address or the password is not correct.")
    known = person.password if person else None
    # Strangers who try this address keep its owner waiting everywhere but here.
    name = f"{email} in a known browser" if person and person.id == known_id else email
    is_right = form.accepts(
        throttle.PASSWORD, name, lambda: passwords.matches(password, known), wrong, member=person
    )
    if person is None or not is_right:
        return sign_in_page(form)
    if not person.has_second_factor:
        return begin_session(person, "password")
    session[_PENDING] = [person.id, person.auth_version]
    way = "code" if person.totp_secret else "passkey"
    if carried():  # a redirect would lose the form
        return sign_in_page(SecondFactorForm(), way)
    page = "staff.passkey_sign_in" if way == "passkey" else "staff.code"
    return redirect(url_for(page, way=way if way == "code" else None, next=next_page()), 303)


@staff.page(
    "/sign-in/<any(code, recovery):way>", needs=AccessLevel.PUBLIC, asks=Ask.NOTHING, body=CARRIED_BODY
)
def code(way: str) -> AnyResponse:
    """After the password: the `code` of an app, or a `recovery` code."""
    person, form = pending(), SecondFactorForm(request.form)
    if person is None or (way == "code" and not person.totp_secret):
        return _to_start()
    accepts, how = {
        "code": (form.accepts_app_code, "authenticator"),
        "recovery": (form.accepts_recovery_code, "recovery code"),
    }[way]
    if "code" in request.form and accepts(person):
        return begin_session(person, how)
    return sign_in_page(form, way)


@staff.act("/sign-out", needs=AccessLevel.BEFORE_MFA, asks=Ask.NOTHING)
def sign_out() -> AnyResponse:
    cookies.end_session()
    return _to_start()


def begin_session(person: StaffMember, how: str) -> AnyResponse:
    """Start a session of this person, who has just proved who they are (`how`), and go on to the page they wanted."""
    accounts.note_sign_in(actor(person), how)
    cookies.begin_session(person)
    if how != "password":
        mark_second_factor()
    return carried_form_page() if carried() else redirect(next_page() or "/staff/", 303)


def pending() -> StaffMember | None:
    """Who has given the right password in this browser but not shown the second factor yet; None when nobody has."""
    staff_id, auth_version = session.get(_PENDING) or (0, 0)
    person = queries.member(id=staff_id, auth_version=auth_version, active=True)
    return person if person is not None and person.has_second_factor else None


def sign_in_page(form: SecretForm, way: str = "password", options: str = "") -> Response:
    """A step of the sign-in: password, `code` of an app, `recovery` code, or `passkey` with the `options` of its dialogue."""
    values = {"way": way, "options": options, "next": next_page(), "pending": pending()}
    return form_page("staff/auth/sign_in.html", form, **values)


def next_page() -> str | None:
    """The page to go on to after the sign-in, if it is one of the staff area."""
    return staff_page(request.args.get("next", ""))


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
