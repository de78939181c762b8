"""Public pages, in every language of the site, without a cookie."""

from flask import Flask, redirect, url_for
from werkzeug import Response

from pledge.core import i18n
from pledge.files.storage import StorageAway
from pledge.web.public import contact, discovery, navigation
from pledge.web.public.blueprint import public
from pledge.web.public.campaign import developers, files, organizations, pages, progress, sharing, views
from pledge.web.public.endorsing import applying
from pledge.web.public.endorsing import own as own_endorsement
from pledge.web.public.mailed_links import journey
from pledge.web.public.signing import own as own_signature
from pledge.web.public.signing import sign

__all__ = [
    "applying",
    "contact",
    "developers",
    "journey",
    "organizations",
    "own_endorsement",
    "own_signature",
    "progress",
    "register",
    "sharing",
    "sign",
    "views",
]  # each adds its views


def register(app: Flask) -> None:
    app.register_blueprint(public)
    discovery.register(app)
    app.jinja_env.globals.update(
        site_banner=pages.banner, site_footer=navigation.footer, site_navigation=navigation.navigation
    )
    app.register_blueprint(files.blueprint)
    app.register_error_handler(StorageAway, files.away)
    app.add_url_rule("/", "root", root)


def root() -> Response:
    """Redirect to the visitor's language; the answer depends on a header, so it sends Vary."""
    response = redirect(url_for("public.home", lang=i18n.wanted_language()))
    response.headers["Vary"] = "Accept-Language"
    return response
