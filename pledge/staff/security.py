"""Flask-Security for the staff area, and only there (docs/adr/0031).

The library and what it rests on (Flask-Login, Flask-Principal, Flask-WTF) hook into every request of an application.
Here their hooks are moved to the two blueprints under /staff, so that a public request loads nobody and opens no
session. Of the library's own pages only those stand in `blueprint` below; there is none to register or to reset.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask
from flask_security import Security, user_authenticated, webauthn
from flask_security import views as library
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug import Response as AnyResponse

from config import Config
from pledge import clock
from pledge.crypto import derive
from pledge.staff import passkeys, restoring, sign_in
from pledge.staff.access import (
    ask_again,
    ask_to_sign_in,
    check_access,
    open_to_enrolment,
    public,
    requires_password,
    requires_recent_mfa,
)
from pledge.staff.cookies import AREA, StaffSessions
from pledge.staff.datastore import StaffDatastore
from pledge.staff.texts import MESSAGES

AREAS = ("staff", "security")


def init_app(app: Flask, config: Config) -> None:
    """Bind sessions, CSRF protection and Flask-Security to the staff area of an application."""
    app.session_interface = StaffSessions(config)
    app.secret_key = derive(config.secret_keys[0].get_secret_value(), "staff.forms").hex()
    app.config.update(configuration(app.secret_key, config.issuer))
    with confined(app, *AREAS):
        CSRFProtect(app)
        library_of(app)
    user_authenticated.connect(sign_in.note_sign_in, app)
    app.register_error_handler(CSRFError, on_missing_token)


def on_missing_token(_error: CSRFError) -> AnyResponse:
    """A form without its token: mostly one that stood open until the session was over."""
    return restoring.on_lapsed_session()


def library_of(app: Flask) -> None:
    """Flask-Security with our forms, pages and rules, and without its ways around a session."""
    security = Security(
        app,
        StaffDatastore(),
        register_blueprint=False,
        login_form=sign_in.SignInForm,
        wan_register_form=passkeys.RegisterForm,
        webauthn_util_cls=passkeys.Passkeys,
        render_template=passkeys.render,  # type: ignore[arg-type]  # a view may answer with a response
    )
    # It would answer in JSON with a token that lives outside our sessions, and let one in.
    security.want_json(lambda _request: False)
    security.login_manager.request_loader(lambda _request: None)
    security.unauthn_handler(lambda *_: ask_to_sign_in())
    security.reauthn_handler(lambda *_: ask_again())


def configuration(secret: str, issuer: str) -> dict[str, Any]:
    """The settings of the libraries."""
    return {
        # Bound to the session, which ends by itself; where a form comes from is looked at in guards.py too.
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        # A phone that changes its network keeps its session; it is the cookie that must not get away.
        "SESSION_PROTECTION": None,
        "SECURITY_URL_PREFIX": AREA,
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_POST_LOGIN_VIEW": f"{AREA}/",
        "SECURITY_POST_LOGOUT_VIEW": f"{AREA}/sign-in",
        "SECURITY_POST_VERIFY_VIEW": f"{AREA}/account",
        # Its clock cannot be moved by tests, and it does not tell password from second factor: see requires_recent_mfa.
        "SECURITY_FRESHNESS": timedelta(seconds=-1),
        "SECURITY_DATETIME_FACTORY": clock.now,
        # Neither is used: argon2 salts each password (accounts/passwords.py), the vault seals secrets (crypto.py).
        "SECURITY_PASSWORD_SALT": secret,
        "SECURITY_TOTP_SECRETS": {"1": secret},
        "SECURITY_TOTP_ISSUER": issuer,
        "SECURITY_WAN_RP_NAME": issuer,
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"code": "pledge.staff.sign_in.SecondFactor"},
        "SECURITY_TWO_FACTOR_ERROR_VIEW": f"{AREA}/sign-in",
        **passkeys.CONFIGURATION,
        "SECURITY_LOGIN_USER_TEMPLATE": "staff/sign_in.html",
        **{f"SECURITY_MSG_{name}": text for name, text in MESSAGES.items()},
    }


@contextmanager
def confined(app: Flask, *areas: str) -> Iterator[None]:
    """What extensions hook in before every request inside the block runs for these blueprints only, before their own hooks.

    What they hook in after a request is dropped: it is Flask-Login's "remember me" cookie, which nobody gets here.
    """
    app.after_request_funcs.setdefault(None, [])
    hooks: list[Any] = [app.before_request_funcs, app.after_request_funcs, app.template_context_processors]
    before = [list(kind[None]) for kind in hooks]
    yield
    for kind, kept in zip(hooks, before, strict=True):
        added = [hook for hook in kind[None] if hook not in kept]
        kind[None][:] = kept
        if kind is not app.after_request_funcs:
            for area in areas:
                kind[area][:0] = added


blueprint = Blueprint("security", __name__, url_prefix=AREA)
blueprint.before_request(check_access)
blueprint.before_request(passkeys.check_pace)

_BOTH = ["GET", "POST"]
_VIEWS: list[tuple[str, str, Any, list[str]]] = [
    ("/sign-in", "login", public(library.login), _BOTH),
    ("/sign-out", "logout", requires_password(library.logout), ["POST"]),
    ("/sign-in/passkey", "wan_signin", public(webauthn.webauthn_signin), _BOTH),
    (
        "/sign-in/passkey/<token>",
        "wan_signin_response",
        public(webauthn.webauthn_signin_response),
        ["POST"],
    ),
    (
        "/account/passkeys/new",
        "wan_register",
        open_to_enrolment(requires_recent_mfa(webauthn.webauthn_register)),
        _BOTH,
    ),
    (
        "/account/passkeys/new/<token>",
        "wan_register_response",
        open_to_enrolment(requires_recent_mfa(webauthn.webauthn_register_response)),
        ["POST"],
    ),
    ("/verify/passkey", "wan_verify", requires_password(webauthn.webauthn_verify), _BOTH),
    ("/verify/passkey/<token>", "wan_verify_response", requires_password(passkeys.verify_response), ["POST"]),
]
for _rule, _endpoint, _view, _methods in _VIEWS:
    blueprint.add_url_rule(_rule, _endpoint, _view, methods=_methods)
