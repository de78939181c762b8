"""The staff area: behind sign-in, every view with a declared permission."""

from flask import Flask, Response, session
from flask_wtf.csrf import generate_csrf

from config import Config
from pledge.abuse.origin_list import NotListed
from pledge.accounts.moderation import NoSuchAccount
from pledge.accounts.two_people import NoSuchProposal
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core.encryption import derive
from pledge.deliveries.services import NoSuchDelivery
from pledge.endorsements.review.moderation import UnknownCase
from pledge.signatures.moderation import NoSuchSignature
from pledge.web import errors
from pledge.web.staff import (
    auth,
    campaigns,
    deliveries,
    demands,
    files,
    inbox,
    navigation,
    news,
    numbers,
    organizations,
    paper,
    signatures,
    system,
)
from pledge.web.staff.auth import account, factors
from pledge.web.staff.auth.access import asked_names, asks_factor_now, may_act, only_reads
from pledge.web.staff.auth.cookies import StaffSessions, current_member
from pledge.web.staff.blueprint import staff

__all__ = [
    "auth",
    "campaigns",
    "deliveries",
    "demands",
    "files",
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
    app.jinja_env.globals["passkeys_elsewhere"] = factors.need_another_address
    app.jinja_env.globals["signed_in"] = current_member
    app.jinja_env.globals["asks"] = asked_names
    app.jinja_env.globals["may_act"] = may_act
    app.jinja_env.globals["only_reads"] = only_reads
    app.jinja_env.globals["asks_factor_now"] = asks_factor_now
    app.jinja_env.globals["csrf_token"] = generate_csrf


@staff.errorhandler(NoSuchAccount)
@staff.errorhandler(NoSuchCampaign)
@staff.errorhandler(NoSuchDelivery)
@staff.errorhandler(NoSuchProposal)
@staff.errorhandler(NoSuchSignature)
@staff.errorhandler(NotListed)
@staff.errorhandler(UnknownCase)
def not_found(_error: Exception) -> Response:
    return errors.error_page(404)


def _error_page(status: int) -> str | None:
    """The frame shows who is signed in; without the database, which is a 503, nobody is."""
    return "staff/error.html" if status != 503 and getattr(session, "fault", None) is None else None
