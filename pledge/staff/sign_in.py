"""The ways in: password and then a code or a passkey, a passkey alone, and a recovery code when both are lost.

The answer never tells whether an account exists: the same words, the same time (accounts/passwords.py), the same waits.
"""

from typing import Any

from flask import Response, current_app, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_security import UserMixin
from flask_security.forms import LoginForm
from flask_security.tf_plugin import TfPluginBase
from werkzeug import Response as AnyResponse
from wtforms import StringField

from pledge import limits
from pledge.accounts import authenticator, passwords, queries, throttle
from pledge.accounts import services as accounts
from pledge.accounts.models import StaffMember
from pledge.audit.models import Actor
from pledge.forms import StaffForm
from pledge.staff.access import mark_second_factor, public
from pledge.staff.blueprint import staff
from pledge.staff.cookies import begin_anew
from pledge.staff.pages import own_page
from pledge.staff.waiting import answer, told_to_wait

#: In the session: the password was right, the second factor is due.
SECOND_FACTOR_DUE = "second_factor_due"


class SecondFactor(TfPluginBase):
    """What Flask-Security does after the right password of an account that has a second factor."""

    def create_blueprint(self, *_: Any) -> None:
        """The pages are below."""

    def get_setup_methods(self, user: UserMixin) -> list[tuple[str, str]]:
        has_one = isinstance(user, StaffMember) and user.has_second_factor
        return [("second_factor", "")] if has_one else []

    def tf_login(self, user: UserMixin, json_payload: dict[str, Any], next_loc: str | None) -> AnyResponse:
        session["tf_state"] = SECOND_FACTOR_DUE
        page = "staff.code" if user.tf_totp_secret else "security.wan_signin"
        return redirect(url_for(page, next=own_page(next_loc or "")), 303)


class SignInForm(LoginForm):
    """Address and password."""

    remember = None  #: takes the field away: nobody is remembered
    wait = 0

    def validate(self, **_kwargs: Any) -> bool:
        email, password = (self.email.data or "").strip().lower(), self.password.data or ""
        if not email or not password:
            self.form_errors.append(_("Enter your e-mail address and your password."))
            return False
        self.wait = _take(throttle.PASSWORD, email)
        if self.wait:
            self.form_errors.append(told_to_wait(self.wait))
            return False
        person = queries.member(email=email)
        is_open = person is not None and person.active
        if not passwords.matches(password, person.password if person and is_open else None):
            self.form_errors.append(_("This address and this password do not belong together."))
            return False
        _forgive(throttle.PASSWORD, email)
        self.user = person
        return True


class CodeForm(StaffForm):
    """A code from an authenticator app, or a recovery code."""

    code = StringField(_l("Code"))

    def refuse(self, message: str) -> None:
        self.code.errors = [message]


@staff.get("/sign-in/code")
@public
def code() -> AnyResponse:
    person = _pending()
    return _to_start() if person is None else _page("staff/code.html", CodeForm(), person)


@staff.post("/sign-in/code", endpoint="code_post")
@public
def code_post() -> AnyResponse:
    person = _pending()
    if person is None or not person.tf_totp_secret:
        return _to_start()
    form = CodeForm(request.form)
    wait = _take(throttle.SECOND_FACTOR, str(person.id))
    if wait:
        form.refuse(told_to_wait(wait))
    elif authenticator.use(person.id, person.tf_totp_secret, form.code.data or ""):
        return _enter(person, "authenticator")
    else:
        form.refuse(_("This code is not right, or it was used already. Please wait for the next one."))
    return _page("staff/code.html", form, person, wait)


@staff.get("/sign-in/recovery")
@public
def recovery() -> AnyResponse:
    person = _pending()
    return _to_start() if person is None else _page("staff/recovery.html", CodeForm(), person)


@staff.post("/sign-in/recovery", endpoint="recovery_post")
@public
def recovery_post() -> AnyResponse:
    person = _pending()
    if person is None:
        return _to_start()
    form = CodeForm(request.form)
    wait = _take(throttle.SECOND_FACTOR, str(person.id))
    if wait:
        form.refuse(told_to_wait(wait))
    elif accounts.use_recovery_code(_actor(person), form.code.data or ""):
        return _enter(person, "recovery code")
    else:
        form.refuse(_("This is not one of your recovery codes, or it was used already."))
    return _page("staff/recovery.html", form, person, wait)


def note_sign_in(_app: Any, user: StaffMember, authn_via: list[str] | None = None, **_rest: Any) -> None:
    """Flask-Security has signed somebody in: by a passkey, or by a password alone where there is no second factor yet."""
    begin_anew(session)
    if authn_via is None:  # our own pages: they say it themselves
        return
    if "webauthn" in authn_via:
        mark_second_factor()
        throttle.give_back(throttle.NETWORK, limits.client_network())
    accounts.note_sign_in(_actor(user), "passkey" if "webauthn" in authn_via else "password")


def _pending() -> StaffMember | None:
    """Who has shown the right password in this browser and not yet the second factor."""
    if session.get("tf_state") != SECOND_FACTOR_DUE:
        return None
    person = queries.member(fs_uniquifier=str(session.get("tf_user_id")))
    return person if person is not None and person.active and person.has_second_factor else None


def _enter(person: StaffMember, how: str) -> AnyResponse:
    _forgive(throttle.SECOND_FACTOR, str(person.id))
    current_app.extensions["security"].two_factor_plugins.tf_complete(person, dologin=True)
    mark_second_factor()
    accounts.note_sign_in(_actor(person), how)
    return redirect(own_page(request.args.get("next", "")) or "/staff/", 303)


def _take(rule: throttle.Rule, name: str) -> int:
    network = limits.client_network()
    return throttle.take(throttle.NETWORK, network) or throttle.take(rule, name)


def _forgive(rule: throttle.Rule, name: str) -> None:
    throttle.forget(rule, name)
    throttle.give_back(throttle.NETWORK, limits.client_network())


def _page(template: str, form: CodeForm, person: StaffMember, wait: int = 0) -> Response:
    shown = render_template(template, form=form, person=person, next=own_page(request.args.get("next", "")))
    return answer(make_response(shown), form, wait)


def _to_start() -> AnyResponse:
    return redirect(url_for("security.login"), 303)


def _actor(person: StaffMember) -> Actor:
    return Actor(person.id, person.email, limits.client_network())
