"""Second factors: a passkey that is added, signed in with or shown again, the authenticator app, and recovery codes.

A passkey takes a page with a button, whose answer opens the browser's dialogue, and a view for the browser's response. The
challenge is stored in the session, so a response counts in the browser that was asked, and once, as no older one does after it.
"""

import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import segno
from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import TooManyRequests
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from config import current_config
from pledge.accounts import authenticator as authenticators
from pledge.accounts import passkeys, throttle
from pledge.accounts import services as accounts
from pledge.accounts.models import StaffMember
from pledge.accounts.passkeys import PasskeyFault, PasskeyRefused
from pledge.accounts.services import SecondFactorDue, WrongCode
from pledge.core import clock
from pledge.core.encryption import Unreadable, vault
from pledge.core.logs import log
from pledge.core.text.lines import is_readable, one_line
from pledge.web import limits
from pledge.web.forms import StaffForm
from pledge.web.routes import AccessLevel, Ask
from pledge.web.staff.auth.access import actor, done, has_shown_second_factor, mark_second_factor, me
from pledge.web.staff.auth.carried_forms import CARRIED_BODY, carried
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.auth.sign_in import SecretForm, begin_session, next_page, sign_in_page
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import form_page

MAX_NAME = 64

#: How long a challenge is valid. A new passkey may have to wait for the second factor too (step_up.py).
_CHALLENGE_LIFETIME = timedelta(minutes=1)
_TO_ADD = timedelta(minutes=30)

#: In the session: the challenges.
_ADDING, _SIGNING_IN, _VERIFYING = "passkey_adding", "passkey_signing_in", "passkey_verifying"


@staff.page("/sign-in/passkey", needs=AccessLevel.PUBLIC, asks=Ask.NOTHING, body=CARRIED_BODY)
def passkey_sign_in() -> AnyResponse:
    if current_member():
        return redirect("/staff/", 303)
    options = ""
    if request.method == "POST":
        options = passkeys.authentication_options(origin(), _new_challenge(_SIGNING_IN))
    return sign_in_page(SecretForm(), "passkey", options)


@staff.act("/sign-in/passkey/answer", needs=AccessLevel.PUBLIC, asks=Ask.NOTHING, body=CARRIED_BODY)
def passkey_sign_in_answer() -> AnyResponse:
    try:
        person = _check_passkey(_SIGNING_IN, request.form.get("credential", ""))
    except PasskeyRefused as error:
        flash_refusal(error)
        if carried():
            return sign_in_page(SecretForm(), "passkey")
        return redirect(url_for("staff.passkey_sign_in", next=next_page()), 303)
    return begin_session(person, "passkey")


# --- Showing a passkey again ---


def verification_options() -> str:
    """What the browser's dialogue needs, so that the person who is signed in shows a passkey."""
    return passkeys.authentication_options(origin(), _new_challenge(_VERIFYING), me().passkeys)


def check_verification(credential: str) -> None:
    """Accept what the browser answered. Raises PasskeyRefused, TooManyRequests."""
    _check_passkey(_VERIFYING, credential, by=me().id)


# --- What all passkeys share ---


def origin() -> str:
    """The site as browsers see it: in production PLEDGE_BASE_URL, whatever a proxy in front says."""
    config = current_config()
    return config.base_url if config.is_production else request.host_url.rstrip("/")


def need_another_address() -> str:
    """Where passkeys work, when the page was opened under an IP address instead of a name: the relying party of a passkey is
    a domain (WebAuthn, section 5.1.2). "" where they do, "-" where no other address is known.
    """
    host = urlsplit(f"//{request.host}").hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if not address.is_loopback:
        return "-"
    port = urlsplit(f"//{request.host}").port
    return f"{request.scheme}://localhost{f':{port}' if port else ''}{request.path if request.method == 'GET' else '/staff/'}"


def _new_challenge(purpose: str, name: str = "") -> bytes:
    """A new challenge, stored in the session until it is answered."""
    challenge = secrets.token_bytes(32)
    session[purpose] = (challenge.hex(), clock.now().timestamp(), name)
    return challenge


def _pop_challenge(purpose: str, lifetime: timedelta) -> tuple[bytes, datetime, str]:
    """Take the session's open challenge, with when it was made and the name of a passkey that is being added.

    Raises PasskeyRefused when there is none, or it has expired.
    """
    challenge, at, name = session.pop(purpose, ("", 0, ""))
    if clock.now().timestamp() - at > lifetime.total_seconds():
        raise PasskeyRefused(PasskeyFault.EXPIRED)
    return bytes.fromhex(challenge), datetime.fromtimestamp(at, UTC), name


def _check_passkey(purpose: str, credential: str, by: int | None = None) -> StaffMember:
    """The person whose passkey the browser has shown; with `by` only that person's. Raises PasskeyRefused, TooManyRequests.

    It counts as a try of the network only: no stranger can make another person wait.
    """
    wait = throttle.count_attempt(throttle.NETWORK, limits.client_network())
    if wait:
        raise TooManyRequests(retry_after=wait)
    challenge, asked_at, _name = _pop_challenge(purpose, _CHALLENGE_LIFETIME)
    person = passkeys.check(origin(), credential, challenge, asked_at)
    if by not in (None, person.id):
        raise PasskeyRefused(PasskeyFault.NOT_ACCEPTED)
    throttle.uncount_attempt(throttle.NETWORK, limits.client_network())
    return person


def flash_refusal(error: PasskeyRefused) -> None:
    """Say why a passkey was refused on the page that follows."""
    log.warning("passkey refused", endpoint=request.endpoint, fault=error.fault.name)
    flash(str(error.fault.value), "warning")


# --- Setting one up ---


class AuthenticatorForm(StaffForm):
    """The code that a newly bound app shows, and its secret, encrypted: opening the page stores nothing."""

    code = StringField(_l("Code"))
    sealed = HiddenField()


@staff.page("/enrol", needs=AccessLevel.ENROLLING)
def enrol() -> AnyResponse:
    """The choice between app and passkey, for people with neither."""
    if me().has_second_factor:
        return redirect(url_for("staff.account"), 303)
    return make_response(render_template("staff/auth/factor.html", way="choice"))


@staff.page("/account/authenticator", needs=AccessLevel.ENROLLING, asks=Ask.SIGN_IN)
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


@staff.page("/account/recovery-codes", needs=AccessLevel.ENROLLING, asks=Ask.SIGN_IN)
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


@staff.page("/account/passkeys/new", needs=AccessLevel.ENROLLING, asks=Ask.SIGN_IN)
def passkey_new() -> Response:
    form, options = PasskeyForm(request.form), ""
    if request.method == "POST" and form.validate():
        options = passkeys.registration_options(origin(), me(), _new_challenge(_ADDING, name=form.name.data))
    return form_page("staff/auth/factor.html", form, way="passkey", options=options)


@staff.act("/account/passkeys/new/answer", needs=AccessLevel.ENROLLING, asks=Ask.SIGN_IN)
def passkey_add() -> AnyResponse:
    """Store a new passkey. It has just been shown, so in the enrolment it counts as showing a second factor."""
    try:
        challenge, _asked_at, name = _pop_challenge(_ADDING, _TO_ADD)
        credential = request.form.get("credential", "")
        added = passkeys.check_registration(origin(), credential, challenge)
        accounts.add_passkey(actor(), added, name, first=not has_shown_second_factor())
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
