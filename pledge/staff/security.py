"""Flask-Security for the staff area, and only there (docs/adr/0031).

The library and what it rests on (Flask-Login, Flask-Principal, Flask-WTF) hook into every request of an application.
Here their hooks are moved to the two blueprints under /staff, so that a public request loads nobody and opens no
session. Of the library's own pages only those stand in `blueprint` below; there is none to register or to reset.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, render_template
from flask_security import Security
from flask_security import views as library
from flask_wtf import CSRFProtect

from pledge import clock
from pledge.crypto import derive
from pledge.settings import Settings
from pledge.staff.access import FRESH, for_everybody, for_signed_in
from pledge.staff.cookies import AREA, StaffSessions
from pledge.staff.datastore import StaffDatastore

AREAS = ("staff", "security")


def init_app(app: Flask, settings: Settings) -> None:
    """Bind sessions, CSRF protection and Flask-Security to the staff area of an application."""
    app.session_interface = StaffSessions(settings)
    app.secret_key = derive(settings.secret_keys[0].get_secret_value(), "staff.forms").hex()
    app.config.update(configuration())
    with confined(app, *AREAS):
        CSRFProtect(app)
        Security(app, StaffDatastore(), register_blueprint=False, render_template=render_template)


def configuration() -> dict[str, Any]:
    """The settings of the libraries."""
    return {
        # Bound to the session, which ends by itself; where a form comes from is looked at in guards.py too.
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        # The cookie's attributes live in cookies.py; a change of network must not half-end a session.
        "SESSION_PROTECTION": None,
        "SECURITY_URL_PREFIX": AREA,
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_FLASH_MESSAGES": False,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_POST_LOGIN_VIEW": f"{AREA}/",
        "SECURITY_POST_LOGOUT_VIEW": f"{AREA}/sign-in",
        "SECURITY_FRESHNESS": FRESH,
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(0),
        "SECURITY_PASSWORD_SALT": "unused: argon2 salts each password, and accounts/passwords.py makes the hashes",
        "SECURITY_DATETIME_FACTORY": clock.now,
    }


@contextmanager
def confined(app: Flask, *areas: str) -> Iterator[None]:
    """What extensions hook into every request inside the block runs for these blueprints only, before their own hooks."""
    hooks: list[Any] = [
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.template_context_processors,
    ]
    before = [list(kind[None]) for kind in hooks]
    yield
    for kind, kept in zip(hooks, before, strict=True):
        added = [hook for hook in kind[None] if hook not in kept]
        kind[None][:] = kept
        for area in areas:
            kind[area][:0] = added


blueprint = Blueprint("security", __name__, url_prefix=AREA)
blueprint.add_url_rule("/sign-in", "login", for_everybody(library.login), methods=["GET", "POST"])
blueprint.add_url_rule("/sign-out", "logout", for_signed_in(library.logout), methods=["POST"])
