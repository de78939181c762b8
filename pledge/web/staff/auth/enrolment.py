"""Setting up second factors: the choice at the first sign-in, the authenticator app, recovery codes, passkeys."""

import segno
from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug import Response as AnyResponse
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from pledge.accounts import authenticator as authenticators
from pledge.accounts import passkeys
from pledge.accounts import services as accounts
from pledge.accounts.passkeys import PasskeyFault, PasskeyRefused
from pledge.accounts.services import SecondFactorDue, WrongCode
from pledge.core.encryption import Unreadable, vault
from pledge.core.text.lines import is_readable, one_line
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import (
    AccessLevel,
    actor,
    done,
    has_shown_second_factor,
    mark_second_factor,
    me,
    needs,
)
from pledge.web.staff.auth.passkeys import (
    ADDING,
    TO_ADD,
    ask,
    asked,
    flash_refusal,
    relying_party,
)
from pledge.web.staff.auth.throttling import form_page
from pledge.web.staff.blueprint import staff

MAX_NAME = 64


class AuthenticatorForm(StaffForm):
    """The code that a newly bound app shows, and its secret, encrypted: opening the page stores nothing."""

    code = StringField(_l("Code"))
    sealed = HiddenField()


@staff.get("/enrol")
@needs(AccessLevel.ENROLLING)
def enrol() -> AnyResponse:
    """The choice between app and passkey, for people with neither."""
    if me().has_second_factor:
        return redirect(url_for("staff.account"), 303)
    return make_response(render_template("staff/auth/factor.html", way="choice"))


@staff.route("/account/authenticator", methods=["GET", "POST"])
@needs(AccessLevel.ENROLLING)
def authenticator() -> AnyResponse:
    form = AuthenticatorForm(request.form)
    if request.method != "POST":
        return _authenticator_page(form, authenticators.new_secret())
    secret = _opened(form.sealed.data or "")
    if secret is None:
        form.code.errors = [
            _(
                "This page belongs to another account or is too old. Please scan the QR code below and enter its code."
            )
        ]
        return _authenticator_page(form, authenticators.new_secret())
    try:
        accounts.set_authenticator(actor(), secret, form.code.data or "", first=not has_shown_second_factor())
    except SecondFactorDue:
        return redirect(url_for("staff.verify"), 303)
    except WrongCode:
        form.code.errors = [
            _("This code is not correct. Please enter the six digits that the app shows now.")
        ]
        return _authenticator_page(form, secret)
    mark_second_factor(alone=has_shown_second_factor())
    if me().recovery_codes is None:
        return redirect(url_for("staff.recovery_codes"), 303)
    return done(_("The authenticator app is set up."), "account")


@staff.route("/account/recovery-codes", methods=["GET", "POST"])
@needs(AccessLevel.ENROLLING)
def recovery_codes() -> AnyResponse:
    if not me().has_second_factor:
        return redirect(url_for("staff.enrol"), 303)
    codes = accounts.make_recovery_codes(actor()) if request.method == "POST" else None
    return make_response(render_template("staff/auth/recovery_codes.html", codes=codes, member=me()))


class PasskeyForm(StaffForm):
    """The name of a new passkey."""

    name = StringField(
        _l("Name"),
        filters=[lambda text: one_line(text or "")],
        validators=[
            DataRequired(_l("Give the passkey a name, for example that of its device.")),
            Length(max=MAX_NAME, message=_l("The name is too long.")),
        ],
    )

    def validate_name(self, field: StringField) -> None:
        if not is_readable(field.data):
            raise ValidationError(_l("The name contains a character that cannot be used."))
        if any(passkey.name == field.data for passkey in me().passkeys):
            raise ValidationError(PasskeyFault.NAME_IN_USE.value)


@staff.route("/account/passkeys/new", methods=["GET", "POST"])
@needs(AccessLevel.ENROLLING)
def passkey_new() -> Response:
    form, options = PasskeyForm(request.form), ""
    if request.method == "POST" and form.validate():
        options = passkeys.registration_options(relying_party(), me(), ask(ADDING, name=form.name.data))
    return form_page("staff/auth/factor.html", form, way="passkey", options=options)


@staff.post("/account/passkeys/new/answer")
@needs(AccessLevel.ENROLLING)
def passkey_add() -> AnyResponse:
    """Store a new passkey. It has just been shown, so in the enrolment it counts as showing a second factor."""
    try:
        challenge = asked(ADDING, TO_ADD)
        credential = request.form.get("credential", "")
        added = passkeys.check_registration(relying_party(), credential, challenge.challenge)
        accounts.add_passkey(actor(), added, challenge.name, first=not has_shown_second_factor())
    except PasskeyRefused as error:
        flash_refusal(error)
        return redirect(url_for("staff.passkey_new"), 303)
    except SecondFactorDue:
        return redirect(url_for("staff.verify"), 303)
    mark_second_factor(alone=has_shown_second_factor())
    return done(_("The passkey was added."), "account")


def _authenticator_page(form: AuthenticatorForm, secret: str) -> Response:
    email = me().email
    return form_page(
        "staff/auth/factor.html",
        form,
        way="app",
        sealed=vault().seal(secret, _context()).hex(),
        qr=qr_code(authenticators.otpauth_address(secret, email)),
        key=authenticators.grouped_secret(secret),
        email=email,
        replaces=bool(me().totp_secret),
    )


def _opened(sealed: str) -> str | None:
    try:
        return vault().unseal(bytes.fromhex(sealed), _context())
    except (ValueError, Unreadable):
        return None


def _context() -> str:
    """The context of encryption: a secret shown to one person cannot be bound to another's account."""
    return f"staff.authenticator:{me().id}"


def qr_code(text: str) -> Markup:
    """An SVG of the text, for the camera of a phone."""
    svg = segno.make(text, error="m", micro=False).svg_inline(
        scale=4,
        border=3,
        svgclass="authenticator__qr",
        lineclass=None,
        omitsize=True,
        dark="#000",
        light="#fff",
    )
    return Markup(svg)  # noqa: S704  # made by the library
