"""The staff door: behind sign-in, every view with a declared permission."""

from flask import Flask, session
from flask_wtf.csrf import generate_csrf

import pledge.audit.models
import pledge.endorsements.models
import pledge.files.models
import pledge.switches.models  # noqa: F401  # until their screens import them
from config import Config
from pledge.crypto import derive
from pledge.staff import (
    account,
    audit,
    campaign_events,
    campaign_media,
    campaign_partners,
    campaign_pledge,
    campaign_texts,
    campaigns,
    dead_letters,
    deliveries,
    delivery_new,
    desk,
    enrolment,
    exports,
    invalidations,
    invitation,
    language,
    list_terms,
    named_lists,
    navigation,
    organization_acts,
    organizations,
    passkeys,
    people,
    reasons,
    sign_in,
    signatures,
    switches,
    verifying,
)
from pledge.staff.blueprint import staff
from pledge.staff.cookies import StaffSessions, current_member

__all__ = [
    "account",
    "audit",
    "campaign_events",
    "campaign_media",
    "campaign_partners",
    "campaign_pledge",
    "campaign_texts",
    "campaigns",
    "dead_letters",
    "deliveries",
    "delivery_new",
    "desk",
    "enrolment",
    "exports",
    "invalidations",
    "invitation",
    "language",
    "list_terms",
    "named_lists",
    "organization_acts",
    "organizations",
    "passkeys",
    "people",
    "reasons",
    "register",
    "sign_in",
    "signatures",
    "switches",
    "verifying",
]  # each screen's module adds its views when it is imported here


def register(app: Flask) -> None:
    config: Config = app.extensions["pledge.config"]
    app.session_interface = StaffSessions(config)
    app.secret_key = derive(config.secret_keys[0].get_secret_value(), "staff.forms").hex()
    # A token is bound to its session, which ends by itself.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.register_blueprint(staff)
    app.extensions.setdefault("pledge.languages", {})["staff"] = language.choose
    app.extensions.setdefault("pledge.error_pages", {})["staff"] = _error_page
    app.jinja_env.globals["passkeys_elsewhere"] = passkeys.need_another_address
    app.jinja_env.globals["signed_in"] = current_member
    app.jinja_env.globals["csrf_token"] = generate_csrf


def _error_page(status: int) -> str | None:
    """The frame knows who is signed in; without the database nobody does."""
    return "staff/error.html" if status < 500 and getattr(session, "fault", None) is None else None


@staff.app_template_global("staff_navigation")
def _navigation() -> list[tuple[str, str, object]]:
    return navigation.visible()
