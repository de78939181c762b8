"""Passkeys: adding one, signing in with one, and showing one again before what cannot be undone.

Each has a page with a button, whose answer opens the browser's dialogue, and a view for the browser's response. The
challenge is stored in the session, so a response counts once, in the browser that was asked.
"""

import secrets
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import TooManyRequests
from wtforms import StringField
from wtforms.validators import DataRequired, Length, ValidationError

from config import current_config
from pledge.accounts import passkeys, throttle
from pledge.accounts import services as accounts
from pledge.accounts.models import StaffMember
from pledge.accounts.passkeys import PasskeyFault, PasskeyRefused, RelyingParty
from pledge.accounts.services import SecondFactorDue
from pledge.core import clock
from pledge.core.logs import log
from pledge.core.text.plain_text import is_readable, one_line
from pledge.web import limits
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import (
    actor,
    has_shown_second_factor,
    mark_second_factor,
    me,
    open_to_enrolment,
    public,
    requires_password,
    requires_recent_sign_in,
)
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.auth.sign_in import begin_session, next_page, pending
from pledge.web.staff.auth.throttling import form_page
from pledge.web.staff.auth.verifying import go_on, going_on
from pledge.web.staff.blueprint import staff

MAX_NAME = 64

#: How long a challenge is valid. A new passkey may have to wait for the second factor too (saved_forms.py).
TO_SHOW = timedelta(minutes=1)
TO_ADD = timedelta(minutes=30)

#: In the session: the challenges.
_ADDING, _SIGNING_IN, _VERIFYING = "passkey_adding", "passkey_signing_in", "passkey_verifying"

_TOO_LONG = _l("The name is too long.")
_FAULTS = {
    PasskeyFault.EXPIRED: _l("That took too long. Please try again."),
    PasskeyFault.UNREADABLE: _l("Something was missing in what your browser sent. Please try again."),
    PasskeyFault.NOT_ACCEPTED: _l("That passkey could not be used here."),
    PasskeyFault.IN_USE: _l("This passkey is in use already."),
    PasskeyFault.NAME_IN_USE: _l("You have a passkey of this name already."),
}


class PasskeyChallenge(NamedTuple):
    """An open challenge of a session, and the name of a passkey that is being added."""

    challenge: bytes
    name: str


class PasskeyForm(StaffForm):
    """The name of a new passkey."""

    name = StringField(
        _l("Name"),
        filters=[lambda text: one_line(text or "")],
        validators=[
            DataRequired(_l("Give the passkey a name, for example that of its device.")),
            Length(max=MAX_NAME, message=_TOO_LONG),
        ],
    )

    def validate_name(self, field: StringField) -> None:
        if not is_readable(field.data):
            raise ValidationError(_l("The name contains a character that cannot be used."))
        if any(passkey.name == field.data for passkey in me().passkeys):
            raise ValidationError(_FAULTS[PasskeyFault.NAME_IN_USE])


# --- Adding one ---


@staff.route("/account/passkeys/new", methods=["GET", "POST"])
@open_to_enrolment
@requires_recent_sign_in
def passkey_new() -> Response:
    form, options = PasskeyForm(request.form), ""
    if request.method == "POST" and form.validate():
        options = passkeys.registration_options(relying_party(), me(), _ask(_ADDING, name=form.name.data))
    return form_page("staff/auth/passkey_new.html", form, options=options)


@staff.post("/account/passkeys/new/answer")
@open_to_enrolment
@requires_recent_sign_in
def passkey_add() -> AnyResponse:
    """Store a new passkey. It has just been shown, so in the enrolment it counts as showing a second factor."""
    try:
        asked = _asked(_ADDING, TO_ADD)
        added = passkeys.check_registration(relying_party(), _credential(), asked.challenge)
        accounts.add_passkey(actor(), added, asked.name, first=not has_shown_second_factor())
    except PasskeyRefused as error:
        return _again(error, "staff.passkey_new")
    except SecondFactorDue:
        return redirect(url_for("staff.verify"), 303)
    mark_second_factor(alone=has_shown_second_factor())
    flash(_("The passkey was added."), "done")
    return redirect(url_for("staff.account"), 303)


# --- Signing in with one, alone or after the password ---


@staff.route("/sign-in/passkey", methods=["GET", "POST"])
@public
def passkey_sign_in() -> AnyResponse:
    if current_member():
        return redirect("/staff/", 303)
    options = ""
    if request.method == "POST":
        options = passkeys.authentication_options(relying_party(), _ask(_SIGNING_IN))
    values = {"options": options, "next": next_page(), "pending": pending()}
    return make_response(render_template("staff/auth/passkey_sign_in.html", **values))


@staff.post("/sign-in/passkey/answer")
@public
def passkey_sign_in_answer() -> AnyResponse:
    try:
        person = _shown(_SIGNING_IN)
    except PasskeyRefused as error:
        return _again(error, "staff.passkey_sign_in", next=next_page())
    return begin_session(person, "passkey")


# --- Showing one again ---


@staff.route("/verify/passkey", methods=["GET", "POST"])
@requires_password
def passkey_verify() -> Response:
    options = ""
    if request.method == "POST":
        options = passkeys.authentication_options(relying_party(), _ask(_VERIFYING), me().passkeys)
    shown = render_template("staff/auth/passkey_verify.html", options=options, going_on=going_on())
    return make_response(shown)


@staff.post("/verify/passkey/answer")
@requires_password
def passkey_verify_answer() -> AnyResponse:
    try:
        _shown(_VERIFYING, by=me().id)
    except PasskeyRefused as error:
        return _again(error, "staff.passkey_verify", **going_on())
    mark_second_factor()
    return go_on()


# --- What they share ---


def relying_party() -> RelyingParty:
    """The site as browsers see it: in production PLEDGE_BASE_URL, whatever a proxy in front says."""
    config = current_config()
    origin = config.base_url if config.is_production else request.host_url.rstrip("/")
    return RelyingParty(id=urlsplit(origin).hostname or "", name=config.issuer, origin=origin)


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


def _ask(purpose: str, name: str = "") -> bytes:
    """A new challenge, stored in the session until it is answered."""
    challenge = secrets.token_bytes(32)
    session[purpose] = (challenge.hex(), clock.now().timestamp(), name)
    return challenge


def _asked(purpose: str, lifetime: timedelta) -> PasskeyChallenge:
    """Take the session's open challenge. Raises PasskeyRefused when there is none, or it has expired."""
    challenge, at, name = session.pop(purpose, ("", 0, ""))
    if clock.now().timestamp() - at > lifetime.total_seconds():
        raise PasskeyRefused(PasskeyFault.EXPIRED)
    return PasskeyChallenge(bytes.fromhex(challenge), name)


def _shown(purpose: str, by: int | None = None) -> StaffMember:
    """The person whose passkey the browser has shown; with `by` only that person's. Raises PasskeyRefused, TooManyRequests.

    It counts as a try of the network only: no stranger can make another person wait.
    """
    wait = throttle.take(throttle.NETWORK, limits.client_network())
    if wait:
        raise TooManyRequests(retry_after=wait)
    person = passkeys.check(relying_party(), _credential(), _asked(purpose, TO_SHOW).challenge)
    if by not in (None, person.id):
        raise PasskeyRefused(PasskeyFault.NOT_ACCEPTED)
    throttle.give_back(throttle.NETWORK, limits.client_network())
    return person


def _credential() -> str:
    return request.form.get("credential", "")


def _again(error: PasskeyRefused, page: str, **values: Any) -> AnyResponse:
    log.warning("passkey refused", endpoint=request.endpoint, fault=error.fault.value)
    flash(str(_FAULTS[error.fault]), "warning")
    return redirect(url_for(page, **values), 303)
