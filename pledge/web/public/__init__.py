"""Public pages, in every language of the site, without a cookie."""

from typing import Any

from flask import Flask, abort, redirect, request, url_for
from werkzeug import Response

from pledge.campaigns.queries import public_id
from pledge.campaigns.sharing import slug_of
from pledge.core import i18n
from pledge.files.faults import StorageAway
from pledge.statistics import referrals
from pledge.web.address_book import AddressBook
from pledge.web.public import contact, discovery, navigation
from pledge.web.public.blueprint import public
from pledge.web.public.campaign import files, organizations, pages, progress, sharing, views
from pledge.web.public.endorsing import applying
from pledge.web.public.endorsing import own as own_endorsement
from pledge.web.public.mailed_links import link_pages
from pledge.web.public.signing import own as own_signature
from pledge.web.public.signing import sign

__all__ = [
    "applying",
    "contact",
    "link_pages",
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
    app.register_blueprint(discovery.discovery)
    app.jinja_env.globals.update(
        site_banner=pages.banner, site_footer=navigation.footer, site_navigation=navigation.navigation
    )
    app.register_blueprint(files.blueprint)
    app.register_error_handler(StorageAway, files.away)
    app.register_blueprint(short)


#: Addresses without a language, which lead to the visitor's.
short = AddressBook("short", __name__)


@short.page("/")
def root() -> Response:
    return _in_wanted_language("public.home")


@short.page("/c/<slug>")
def campaign_root(slug: str) -> Response:
    """The address of QR codes and posters; with `via`, in the name of a partner or an organisation."""
    number = public_id(slug)
    if number is None:
        abort(404)
    code = request.args.get("via", "")
    if referrals.find(number, code) is None:
        return _in_wanted_language("public.campaign", slug=slug)
    return _in_wanted_language("public.group", slug=slug, code=code)


@short.page("/go/<short_name>")
def short_name(short_name: str) -> Response:
    """The address for posters: staff choose the name, which below `/go/` can be that of no other page and no language."""
    slug = slug_of(short_name)
    if slug is None:
        abort(404)
    return campaign_root(slug)


def _in_wanted_language(endpoint: str, **values: Any) -> Response:
    """Redirect to the visitor's language, with the query; the answer depends on a header, so it sends Vary."""
    address = url_for(endpoint, lang=i18n.wanted_language(), **values)
    query = request.query_string.decode("ascii", "replace")
    response = redirect(f"{address}?{query}" if query else address)
    response.headers["Vary"] = "Accept-Language"
    return response
