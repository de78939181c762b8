"""Passkeys (WebAuthn) by Flask-Security's pages: what we ask of a passkey, how its pages look, how often it may be tried.

A passkey always verifies its owner (PIN, finger, face), so it is both factors at once and needs no password.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request, session, url_for
from flask_security import webauthn as library
from flask_security.webauthn import WebAuthnRegisterForm
from flask_security.webauthn_util import WebauthnUtil
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from werkzeug.exceptions import TooManyRequests
from wtforms import HiddenField

from config import current_config
from pledge import limits
from pledge.accounts import throttle
from pledge.staff.access import SHOWN_AT, mark_second_factor
from pledge.staff.verifying import go_on, going_on
from pledge.staff.waiting import answer

CONFIGURATION: dict[str, Any] = {
    "SECURITY_WEBAUTHN": True,
    "SECURITY_WAN_ALLOW_AS_FIRST_FACTOR": True,
    "SECURITY_WAN_ALLOW_AS_MULTI_FACTOR": True,
    "SECURITY_WAN_ALLOW_AS_VERIFY": ["first"],
    # The passkey itself tells whose it is; a list of them for an address would tell that the address has an account.
    "SECURITY_WAN_ALLOW_USER_HINTS": False,
    "SECURITY_WAN_NAME_ALLOWED_CHARS": None,
    "SECURITY_WAN_REGISTER_TEMPLATE": "staff/passkey_new.html",
    "SECURITY_WAN_SIGNIN_TEMPLATE": "staff/passkey_sign_in.html",
    "SECURITY_WAN_VERIFY_TEMPLATE": "staff/passkey_verify.html",
    "SECURITY_WAN_POST_REGISTER_VIEW": "/staff/account",
}


class Passkeys(WebauthnUtil):
    """What we ask of a passkey: that it is kept by the device and that the device knows its owner."""

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )

    def origin(self) -> str:
        """In production the address that people know, whatever a proxy in front has told us of it."""
        config = current_config()
        return config.base_url if config.is_production else str(super().origin())

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        return UserVerificationRequirement.REQUIRED


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


class RegisterForm(WebAuthnRegisterForm):
    """The name of a new passkey; each of them is good for signing in alone."""

    usage = HiddenField()  # there is nothing to choose

    def validate(self, **kwargs: Any) -> bool:
        self.usage.data = "first"
        return bool(super().validate(**kwargs))


def render(template: str, **values: Any) -> Response:
    """The library's pages in our frame, with the status that their form deserves."""
    form = next((value for name, value in values.items() if name.endswith("_form")), None)
    response = make_response(render_template(template, form=form, **values))
    return response if form is None else answer(response, form, getattr(form, "wait", 0))


def verify_response(token: str) -> Any:
    """The library's answer to a shown passkey; if it was right, what waited for it goes on."""
    before = session.pop(SHOWN_AT, None)
    library.webauthn_verify_response(token)
    if SHOWN_AT in session:
        mark_second_factor()
        return go_on()
    if before is not None:
        session[SHOWN_AT] = before
    return redirect(url_for("security.wan_verify", **going_on()), 303)


def check_pace() -> None:
    """Passkeys are tried by the network's measure alone: no stranger can make another person's wait."""
    if request.endpoint in ("security.wan_signin_response", "security.wan_verify_response"):
        wait = throttle.take(throttle.NETWORK, limits.client_network())
        if wait:
            raise TooManyRequests(retry_after=wait)
