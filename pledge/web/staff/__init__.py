"""The staff area: behind sign-in, every view with a declared permission."""

from flask import Flask, session
from flask_wtf.csrf import generate_csrf

from config import Config
from pledge.core.encryption import derive
from pledge.web.staff import (
    auth,
    campaigns,
    deliveries,
    inbox,
    navigation,
    news,
    numbers,
    organizations,
    paper,
    signatures,
    system,
)
from pledge.web.staff.acts import asked_names
from pledge.web.staff.auth import account, passkeys
from pledge.web.staff.auth.access import asks_factor_now
from pledge.web.staff.auth.cookies import StaffSessions, current_member
from pledge.web.staff.blueprint import staff

__all__ = [
    "auth",
    "campaigns",
    "deliveries",
    "inbox",
    "navigation",
    "news",
    "numbers",
    "organizations",
    "paper",
    "register",
    "signatures",
    "system",
]  # each adds its views


def register(app: Flask) -> None:
    config: Config = app.extensions["pledge.config"]
    app.session_interface = StaffSessions(config)
    app.secret_key = derive(config.secret_keys[0].get_secret_value(), "staff.forms").hex()
    # A token is bound to its session, which ends by itself.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.register_blueprint(staff)
    app.extensions.setdefault("pledge.core.languages", {})["staff"] = account.choose_language
    app.extensions.setdefault("pledge.error_pages", {})["staff"] = _error_page
    app.jinja_env.globals["passkeys_elsewhere"] = passkeys.need_another_address
    app.jinja_env.globals["signed_in"] = current_member
    app.jinja_env.globals["asks"] = asked_names
    app.jinja_env.globals["asks_factor_now"] = asks_factor_now
    app.jinja_env.globals["csrf_token"] = generate_csrf


def _error_page(status: int) -> str | None:
    """The frame shows who is signed in; without the database, which is a 503, nobody is."""
    return "staff/error.html" if status != 503 and getattr(session, "fault", None) is None else None
