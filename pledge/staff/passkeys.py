"""Passkeys: adding one, signing in with one, and showing one again before what cannot be undone.

Each has a page with a button, whose answer opens the browser's dialogue, and a view for what the browser answers. The
challenge is kept in the session, so an answer counts once, in the browser that was asked.
"""

import secrets
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import TooManyRequests
from wtforms import StringField
from wtforms.validators import DataRequired, Length, ValidationError

from config import current_config
from pledge import clock, limits
from pledge.accounts import passkeys, throttle
from pledge.accounts import services as accounts
from pledge.accounts.passkeys import PasskeyFault, PasskeyRefused, RelyingParty
from pledge.accounts.services import SecondFactorDue
from pledge.forms import StaffForm
from pledge.plaintext import is_readable, one_line
from pledge.staff.access import (
    actor,
    has_shown_second_factor,
    mark_second_factor,
    me,
    open_to_enrolment,
    public,
    requires_password,
    requires_recent_mfa,
)
from pledge.staff.blueprint import staff
from pledge.staff.cookies import current_member
from pledge.staff.pages import own_page
from pledge.staff.sign_in import pending, sign_in
from pledge.staff.verifying import go_on, going_on
from pledge.staff.waiting import answer

MAX_NAME = 64

#: How long an answer is waited for. A new passkey may wait for the second factor too (saved_forms.py).
TO_SHOW = timedelta(minutes=1)
TO_ADD = timedelta(minutes=30)

#: In the session: the challenges.
_ADDING, _SIGNING_IN, _VERIFYING = "passkey_adding", "passkey_signing_in", "passkey_verifying"

_TOO_LONG = _l("The name is too long.")
_FAULTS = {
    PasskeyFault.UNREADABLE: _l("Something was missing in what your browser sent. Please try again."),
    PasskeyFault.NOT_ACCEPTED: _l("That passkey could not be used here."),
    PasskeyFault.IN_USE: _l("This passkey is in use already."),
    PasskeyFault.NAME_IN_USE: _l("You have a passkey of this name already."),
}


class PasskeyForm(StaffForm):
    """The name of a new passkey."""

    name = StringField(
        _l("Name"),
        filters=[lambda text: one_line(text or "")],
        validators=[
            DataRequired(_l("Give the passkey a name, such as the device that it is on.")),
            Length(max=MAX_NAME, message=_TOO_LONG),
        ],
    )

    def validate_name(self, field: StringField) -> None:
        if not is_readable(field.data):
            raise ValidationError(_l("The name has a character that cannot be used."))
        if any(passkey.name == field.data for passkey in me().passkeys):
            raise ValidationError(_FAULTS[PasskeyFault.NAME_IN_USE])


# --- Adding one ---


@staff.get("/account/passkeys/new", endpoint="passkey_new")
@open_to_enrolment
@requires_recent_mfa
def name_passkey() -> Response:
    return _name_page(PasskeyForm())


@staff.post("/account/passkeys/new", endpoint="passkey_new_post")
@open_to_enrolment
@requires_recent_mfa
def start_adding() -> Response:
    form = PasskeyForm(request.form)
    if not form.validate():
        return _name_page(form)
    challenge = _ask(_ADDING, name=form.name.data)
    return _name_page(form, passkeys.registration_options(relying_party(), me(), challenge))


@staff.post("/account/passkeys/new/answer", endpoint="passkey_add")
@open_to_enrolment
@requires_recent_mfa
def add_passkey() -> AnyResponse:
    """Keep it. It has just been shown, so who adds one in the enrolment has shown a second factor by it."""
    asked = _asked(_ADDING, TO_ADD)
    if asked is None:
        return _again("staff.passkey_new", _expired())
    try:
        added = passkeys.check_registration(relying_party(), _credential(), _challenge(asked))
        accounts.add_passkey(actor(), added, asked["name"], first=not has_shown_second_factor())
    except PasskeyRefused as error:
        return _again("staff.passkey_new", str(_FAULTS[error.fault]))
    except SecondFactorDue:
        return redirect(url_for("staff.verify"), 303)
    mark_second_factor()
    flash(_("The passkey was added."), "done")
    return redirect(url_for("staff.account"), 303)


# --- Signing in with one, alone or after the password ---


@staff.get("/sign-in/passkey", endpoint="passkey_sign_in")
@public
def sign_in_page() -> AnyResponse:
    return redirect("/staff/", 303) if current_member() else _sign_in_page()


@staff.post("/sign-in/passkey", endpoint="passkey_sign_in_post")
@public
def start_sign_in() -> AnyResponse:
    if current_member():
        return redirect("/staff/", 303)
    return _sign_in_page(passkeys.authentication_options(relying_party(), _ask(_SIGNING_IN)))


@staff.post("/sign-in/passkey/answer", endpoint="passkey_sign_in_answer")
@public
def sign_in_with_passkey() -> AnyResponse:
    page = {"next": own_page(request.args.get("next", ""))}
    _count_try()
    asked = _asked(_SIGNING_IN, TO_SHOW)
    if asked is None:
        return _again("staff.passkey_sign_in", _expired(), **page)
    try:
        person = passkeys.check(relying_party(), _credential(), _challenge(asked))
    except PasskeyRefused as error:
        return _again("staff.passkey_sign_in", str(_FAULTS[error.fault]), **page)
    throttle.give_back(throttle.NETWORK, limits.client_network())
    return sign_in(person, "passkey")


# --- Showing one again ---


@staff.get("/verify/passkey", endpoint="passkey_verify")
@requires_password
def verify_page() -> Response:
    return _verify_page()


@staff.post("/verify/passkey", endpoint="passkey_verify_post")
@requires_password
def start_verify() -> Response:
    return _verify_page(passkeys.authentication_options(relying_party(), _ask(_VERIFYING), me().passkeys))


@staff.post("/verify/passkey/answer", endpoint="passkey_verify_answer")
@requires_password
def verify_with_passkey() -> AnyResponse:
    _count_try()
    asked = _asked(_VERIFYING, TO_SHOW)
    if asked is None:
        return _again("staff.passkey_verify", _expired(), **going_on())
    try:
        person = passkeys.check(relying_party(), _credential(), _challenge(asked))
    except PasskeyRefused as error:
        return _again("staff.passkey_verify", str(_FAULTS[error.fault]), **going_on())
    if person.id != me().id:  # a passkey of somebody else proves nothing about who sits here
        return _again("staff.passkey_verify", str(_FAULTS[PasskeyFault.NOT_ACCEPTED]), **going_on())
    throttle.give_back(throttle.NETWORK, limits.client_network())
    mark_second_factor()
    return go_on()


# --- What they share ---


def relying_party() -> RelyingParty:
    """The site for browsers: in production the address that people know, whatever a proxy in front has told us of it."""
    config = current_config()
    origin = config.base_url if config.is_production else request.host_url.rstrip("/")
    return RelyingParty(id=urlsplit(origin).hostname or "", name=config.issuer, origin=origin)


def need_another_address() -> str:
    """Where passkeys work, when the page was opened under a number instead of a name: the relying party of a passkey is a
    domain (WebAuthn, section 5.1.2). "" where they do, "-" where no other address is known.
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


def _ask(purpose: str, **more: Any) -> bytes:
    """A new challenge, kept in the session until it is answered."""
    challenge = secrets.token_bytes(32)
    session[purpose] = {"challenge": challenge.hex(), "at": clock.now().timestamp(), **more}
    return challenge


def _asked(purpose: str, lifetime: timedelta) -> dict[str, Any] | None:
    """What this session was asked for, and is no more; None when it was not, or too long ago."""
    asked: dict[str, Any] | None = session.pop(purpose, None)
    if asked is None or clock.now().timestamp() - asked["at"] > lifetime.total_seconds():
        return None
    return asked


def _challenge(asked: dict[str, Any]) -> bytes:
    return bytes.fromhex(asked["challenge"])


def _credential() -> str:
    return request.form.get("credential", "")


def _count_try() -> None:
    """Passkeys are tried by the network's measure alone: no stranger can make another person's wait. Raises TooManyRequests."""
    wait = throttle.take(throttle.NETWORK, limits.client_network())
    if wait:
        raise TooManyRequests(retry_after=wait)


def _expired() -> str:
    return str(_("That took too long. Please try again."))


def _again(page: str, message: str, **values: Any) -> AnyResponse:
    flash(message, "warning")
    return redirect(url_for(page, **values), 303)


def _name_page(form: PasskeyForm, options: str = "") -> Response:
    return answer(make_response(render_template("staff/passkey_new.html", form=form, options=options)), form)


def _sign_in_page(options: str = "") -> Response:
    page = own_page(request.args.get("next", ""))
    shown = render_template("staff/passkey_sign_in.html", options=options, next=page, pending=pending())
    return make_response(shown)


def _verify_page(options: str = "") -> Response:
    return make_response(render_template("staff/passkey_verify.html", options=options, going_on=going_on()))
