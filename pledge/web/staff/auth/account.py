"""One's own account: the invitation to it, password, sessions, second factors; and the language, also before the sign-in."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Response, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import TooManyRequests
from wtforms import PasswordField, SelectMultipleField, StringField
from wtforms.validators import EqualTo

from pledge.abuse.models import AlertKind
from pledge.accounts import moderation, sessions, staff_alerts, throttle
from pledge.accounts import services as accounts
from pledge.accounts.passwords import MIN_LENGTH, BadPassword
from pledge.accounts.services import InvitationExpired, LastSecondFactor, NoSuchPasskey, WrongPassword
from pledge.core import i18n, languages
from pledge.core.tokens import BadToken
from pledge.web import limits
from pledge.web.forms import StaffForm
from pledge.web.routes import AccessLevel, Ask
from pledge.web.staff.auth import cookies
from pledge.web.staff.auth.access import actor, done, me, page_of, staff_error_page, staff_page
from pledge.web.staff.auth.carried_forms import CARRIED_BODY, carried, carried_form_page
from pledge.web.staff.auth.cookies import current_member, this_session
from pledge.web.staff.auth.sign_in import SecretForm, SignInForm, begin_session, sign_in_page
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import form_page


class NameForm(StaffForm):
    """What colleagues call the person."""

    name = StringField(_l("Your name"))


class AlertsForm(StaffForm):
    """What the person wants to hear of. Kinds that are not offered are left out."""

    alerts = SelectMultipleField(
        _l("Alerts"), choices=[kind.value for kind in AlertKind], validate_choice=False
    )


class NewPasswordForm(SecretForm):
    """A new password, typed twice. The use case checks the password itself."""

    password = PasswordField(_l("New password"))
    again = PasswordField(
        _l("The same password again"), [EqualTo("password", _l("The two passwords are not the same."))]
    )

    def refuse(self, bad: BadPassword) -> None:
        self.password.errors = [bad.fault.value]


class ChangePasswordForm(NewPasswordForm):
    """The present password, and twice the new one."""

    present = PasswordField(_l("Current password"))


@staff.page("/invitation/<token>", needs=AccessLevel.PUBLIC, asks=Ask.NOTHING)
def invitation(token: str) -> AnyResponse:
    form = NewPasswordForm(request.form)
    try:
        person = accounts.invited(token)
        if request.method != "POST" or not form.validate():
            return _password_page(form, token=token, email=person.email)
        person = accounts.accept_invitation(
            token, form.password.data or "", limits.client_network(), i18n.language()
        )
    except (BadToken, InvitationExpired):
        return _expired()
    except BadPassword as error:
        form.refuse(error)
        return _password_page(form, token=token, email=person.email)
    return begin_session(person, "password")


def _expired() -> Response:
    """One page for links that were used, replaced, expired or never valid. Guessing is throttled like any other try."""
    wait = (
        throttle.count_attempt(throttle.NETWORK, limits.client_network()) if request.method == "POST" else 0
    )
    if wait:
        raise TooManyRequests(retry_after=wait)
    return staff_error_page(
        410,
        _("This invitation is no longer valid"),
        _(
            "The link works once and for three days. If you have set your password already, sign in; otherwise ask for a new "
            "invitation."
        ),
    )


@staff.page("/account", needs=AccessLevel.SIGNED_IN)
def account() -> Response:
    return _account_page()


@staff.page("/account/password", needs=AccessLevel.SIGNED_IN, asks=Ask.FACTOR)
def password() -> AnyResponse:
    form, member = ChangePasswordForm(request.form), me()

    def change() -> bool:
        try:
            accounts.change_password(
                actor(), form.present.data or "", form.password.data or "", keep=this_session()
            )
        except WrongPassword:
            return False
        return True

    if request.method != "POST" or not form.validate():
        return _password_page(form)
    wrong = _("This is not your current password.")
    try:
        if not form.accepts(
            throttle.PASSWORD, member.email, change, wrong, member=member, field=form.present
        ):
            return _password_page(form)
    except BadPassword as error:
        form.refuse(error)
        return _password_page(form)
    return done(_("The password was changed. Your other sessions have ended."), "account")


@staff.act("/account/authenticator/remove", needs=AccessLevel.SIGNED_IN, asks=Ask.SIGN_IN)
def remove_authenticator() -> AnyResponse:
    accounts.remove_authenticator(actor())
    return done(_("It was removed."), "account")


@staff.act("/account/passkeys/<int32:passkey_id>/remove", needs=AccessLevel.SIGNED_IN, asks=Ask.SIGN_IN)
def remove_passkey(passkey_id: int) -> AnyResponse:
    try:
        accounts.remove_passkey(actor(), passkey_id)
    except NoSuchPasskey:
        return redirect(url_for("staff.account"), 303)
    return done(_("It was removed."), "account")


@staff.act("/account/name", needs=AccessLevel.SIGNED_IN, asks=Ask.NOTHING)
def choose_name() -> AnyResponse:
    form = NameForm(request.form)
    try:
        moderation.rename(actor(), me().id, form.name.data or "")
    except moderation.BadName:
        form.name.errors = [_("The name is too long or contains a character that cannot be used.")]
        return _account_page(422, form)
    return done(_("Saved."), "account")


@staff.act("/account/alerts", needs=AccessLevel.SIGNED_IN, asks=Ask.NOTHING)
def choose_alerts() -> AnyResponse:
    wanted = AlertsForm(request.form).alerts.data or []
    staff_alerts.choose(actor(), [kind for kind in staff_alerts.offered(me()) if kind in wanted])
    return done(_("Saved."), "account")


@staff.act("/account/sessions", needs=AccessLevel.SIGNED_IN, asks=Ask.NOTHING)
def end_sessions() -> AnyResponse:
    """End one session, or all others. Everybody may sign themselves out, so no second factor is asked for."""
    wanted = request.form.get("session", "")
    session_id = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else None
    own = this_session()
    if session_id is not None and session_id == own:
        cookies.end_session()
        return redirect(url_for("staff.sign_in"), 303)
    if session_id is not None:
        accounts.end_sessions(actor(), only=session_id)
    elif wanted == "others":
        accounts.end_sessions(actor(), keep=own)
    return done(_("The session has ended."), "account")


@staff.errorhandler(LastSecondFactor)
def last_factor(_error: LastSecondFactor) -> Response:
    flash(_("This is your only second factor. Add another one first."), "warning")
    return _account_page(409)


def _account_page(status: int = 200, form: NameForm | None = None) -> Response:
    page = render_template(
        "staff/auth/account.html",
        member=me(),
        form=form or NameForm(name=me().name),
        alerts=staff_alerts.offered(me()),
        chosen=staff_alerts.chosen(me()),
        sessions=sessions.for_staff(me().id),
        this_session=this_session(),
        idle_minutes=sessions.IDLE // timedelta(minutes=1),
        session_hours=sessions.MAX_AGE // timedelta(hours=1),
    )
    return make_response(page, status)


def _password_page(form: NewPasswordForm, **invited: str) -> Response:
    return form_page("staff/auth/password.html", form, min_length=MIN_LENGTH, **invited)


_CHOSEN = "lang"


def choose_language() -> str:
    """The language of this request."""
    asked = request.args.get("lang", "")
    if (person := current_member()) is not None:
        return person.lang
    if asked in languages.codes():
        return asked
    return str(session.get(_CHOSEN) or i18n.wanted_language())


@staff.act("/language", needs=AccessLevel.PUBLIC, asks=Ask.NOTHING, body=CARRIED_BODY)
def language() -> AnyResponse:
    """Change the language and show the same page; or what was sent to it, to be sent again."""
    lang = request.form.get("lang", "")
    wanted = staff_page(request.form.get("next", "")) or "/staff/"
    path = urlsplit(wanted).path
    if page_of(path) != path:  # a form that was refused, or no page
        wanted = page_of(path)
    if lang in languages.codes():
        g.lang = lang
        if current_member() is None:
            session[_CHOSEN] = lang
        else:
            accounts.set_language(me().id, lang)
    if carried():
        return sign_in_page(SignInForm()) if current_member() is None else carried_form_page()
    return redirect(wanted, 303)
