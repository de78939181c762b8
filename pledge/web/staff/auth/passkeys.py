"""Passkeys: signing in with one, and what adding one and showing one again need.

Each has a page with a button, whose answer opens the browser's dialogue, and a view for the browser's response. The
challenge is stored in the session, so a response counts once, in the browser that was asked.
"""

import secrets
from datetime import timedelta
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import flash, redirect, request, session, url_for
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import TooManyRequests

from config import current_config
from pledge.accounts import passkeys, throttle
from pledge.accounts.models import StaffMember
from pledge.accounts.passkeys import PasskeyFault, PasskeyRefused, RelyingParty
from pledge.core import clock
from pledge.core.logs import log
from pledge.web import limits
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import AccessLevel, me, needs
from pledge.web.staff.auth.carried_forms import CARRIED_BODY, carried
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.auth.sign_in import begin_session, next_page, sign_in_page
from pledge.web.staff.auth.throttling import SecretForm
from pledge.web.staff.blueprint import staff

#: How long a challenge is valid. A new passkey may have to wait for the second factor too (step_up.py).
TO_SHOW = timedelta(minutes=1)
TO_ADD = timedelta(minutes=30)

#: In the session: the challenges.
ADDING, _SIGNING_IN, _VERIFYING = "passkey_adding", "passkey_signing_in", "passkey_verifying"


class PasskeyChallenge(NamedTuple):
    """An open challenge of a session, and the name of a passkey that is being added."""

    challenge: bytes
    name: str


@staff.route("/sign-in/passkey", methods=["GET", "POST"])
@allows(body=CARRIED_BODY)
@needs(AccessLevel.PUBLIC)
def passkey_sign_in() -> AnyResponse:
    if current_member():
        return redirect("/staff/", 303)
    options = ""
    if request.method == "POST":
        options = passkeys.authentication_options(relying_party(), ask(_SIGNING_IN))
    return sign_in_page(SecretForm(), "passkey", options)


@staff.post("/sign-in/passkey/answer")
@allows(body=CARRIED_BODY)
@needs(AccessLevel.PUBLIC)
def passkey_sign_in_answer() -> AnyResponse:
    try:
        person = _shown(_SIGNING_IN, request.form.get("credential", ""))
    except PasskeyRefused as error:
        flash_refusal(error)
        if carried():
            return sign_in_page(SecretForm(), "passkey")
        return redirect(url_for("staff.passkey_sign_in", next=next_page()), 303)
    return begin_session(person, "passkey")


# --- Showing one again ---


def verification_options() -> str:
    """What the browser's dialogue needs, so that the person who is signed in shows a passkey."""
    return passkeys.authentication_options(relying_party(), ask(_VERIFYING), me().passkeys)


def check_verification(credential: str) -> None:
    """Accept what the browser answered. Raises PasskeyRefused, TooManyRequests."""
    _shown(_VERIFYING, credential, by=me().id)


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


def ask(purpose: str, name: str = "") -> bytes:
    """A new challenge, stored in the session until it is answered."""
    challenge = secrets.token_bytes(32)
    session[purpose] = (challenge.hex(), clock.now().timestamp(), name)
    return challenge


def asked(purpose: str, lifetime: timedelta) -> PasskeyChallenge:
    """Take the session's open challenge. Raises PasskeyRefused when there is none, or it has expired."""
    challenge, at, name = session.pop(purpose, ("", 0, ""))
    if clock.now().timestamp() - at > lifetime.total_seconds():
        raise PasskeyRefused(PasskeyFault.EXPIRED)
    return PasskeyChallenge(bytes.fromhex(challenge), name)


def _shown(purpose: str, credential: str, by: int | None = None) -> StaffMember:
    """The person whose passkey the browser has shown; with `by` only that person's. Raises PasskeyRefused, TooManyRequests.

    It counts as a try of the network only: no stranger can make another person wait.
    """
    wait = throttle.count_attempt(throttle.NETWORK, limits.client_network())
    if wait:
        raise TooManyRequests(retry_after=wait)
    person = passkeys.check(relying_party(), credential, asked(purpose, TO_SHOW).challenge)
    if by not in (None, person.id):
        raise PasskeyRefused(PasskeyFault.NOT_ACCEPTED)
    throttle.uncount_attempt(throttle.NETWORK, limits.client_network())
    return person


def flash_refusal(error: PasskeyRefused) -> None:
    """Say why a passkey was refused on the page that follows."""
    log.warning("passkey refused", endpoint=request.endpoint, fault=error.fault.name)
    flash(str(error.fault.value), "warning")
