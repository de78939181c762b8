"""The widget: a campaign's count, with or without the sign form, in a frame of another site (docs/adr/0110).

The code is typed in it, and it says thank you. Only these pages may be framed: the mailed link and one's own page open outside.
"""

import re
from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

from flask import Response, abort, current_app, jsonify, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.campaigns.sharing import slug_of
from pledge.core import countries, i18n, languages
from pledge.core.urls import campaign_link, public_url
from pledge.share_images.drawing import WIDE
from pledge.statistics import referrals
from pledge.statistics.referrals import organization_code
from pledge.web.address_book import AddressBook
from pledge.web.caching import revalidated
from pledge.web.limits import WRONG_TOKEN_LIMIT
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.public.form_pages import form_page
from pledge.web.public.forms import SignForm
from pledge.web.public.mailed_links import link_pages
from pledge.web.public.mailed_links.journey import Journey
from pledge.web.public.signing.journey import SIGNATURE
from pledge.web.public.signing.sign import record
from pledge.web.security_headers import FRAMEABLE_POLICY
from pledge.web.templating import render_page

#: Its addresses begin with no language; `lang` in the query names it.
embed = AddressBook("embed", __name__)

#: First parts of its addresses whose language is named by the query.
AREAS = ("embed", "badge", "oembed")
_FRAMED = frozenset(f"embed.{page}" for page in ("widget", "sign", "check", "check_post", "thanks"))
SCRIPT_CACHE = "public, max-age=3600, stale-if-error=86400"
OEMBED_CACHE = "public, max-age=300, stale-if-error=86400"
#: Pixels of the widget without the form; the reader's `maxwidth` and `maxheight` make it smaller.
_WIDTH, _HEIGHT = 600, 640
#: What oEmbed turns into a widget.
_PAGES = ("public.campaign", "public.organization", "short.campaign_root", "short.short_name")


def language() -> str:
    """The language that the query names, else the first one of the site: never that of the visitor's browser, so that what
    is cached is the same for everybody."""
    lang = request.args.get("lang", "")
    return lang if lang in languages.codes() else languages.default()


@embed.after_request
def allow_other_sites(response: Response) -> Response:
    """Other sites may load all of it, also those that isolate themselves (COEP), and frame the widget and its errors."""
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.endpoint in _FRAMED:
        response.headers["Content-Security-Policy"] = FRAMEABLE_POLICY
    return response


class Accent(StrEnum):
    """The colours of the widget; each has enough contrast in light and in dark."""

    SKY = "sky"
    LEAF = "leaf"
    PLUM = "plum"
    INK = "ink"


#: The scheme of the embedding page; "auto" if that follows the visitor's device.
THEMES = ("light", "dark", "auto")
#: What the query may say; other parameters and values are ignored.
OPTIONS = ("lang", "form", "accent", "theme")


@embed.context_processor
def appearance() -> dict[str, Any]:
    """How the pages in the frame look."""
    chosen = options()
    return {"accent": chosen.get("accent", Accent.SKY), "theme": chosen.get("theme", THEMES[0])}


@embed.page(
    "/embed/<slug>", cache=replace(PAGE_CACHE, reads=OPTIONS, variant=lambda: str(sorted(options().items())))
)
def widget(slug: str) -> Response:
    form = SignForm(country=countries.HOME) if "form" in options() else None
    return form_page(FRAMED, campaign_or_404(slug), form)


@embed.act("/embed/<slug>/sign")
def sign(slug: str) -> Response:
    return record(FRAMED, slug)


class FramedJourney(Journey):
    """A signature whose pages stay in the frame."""

    def url(self, page: str, **values: Any) -> str:
        if page in ("sign", "check", "thanks"):
            return url_for(f"embed.{page}", **options(), **values)
        return super().url(page, **values)

    def form_url(self, slug: str) -> str:
        return url_for("embed.widget", slug=slug, **{**options(), "form": "1"})


FRAMED = FramedJourney(
    **{**vars(SIGNATURE), "form_template": "embed/widget.html", "layout": "layouts/frame.html"}
)


@embed.page("/embed/<slug>/check", "/embed/<slug>/check/<ticket>")
def check(slug: str, ticket: str = "") -> Response:
    return link_pages.check(FRAMED, slug)


@embed.act("/embed/<slug>/check", "/embed/<slug>/check/<ticket>", limit=WRONG_TOKEN_LIMIT)
def check_post(slug: str, ticket: str = "") -> Response:
    answer = link_pages.check_post(FRAMED, slug, ticket)
    if answer.location and not answer.location.startswith("/embed/"):
        abort(409)  # the right code, too late: the page that says why may not be framed
    return answer


@embed.page("/embed/<slug>/thanks")
def thanks(slug: str) -> Response:
    page = campaign_or_404(slug)
    context = FRAMED.thanks_context(page)
    return render_page("embed/thanks.html", journey=FRAMED, page=page, signed=True, **context)


def options() -> dict[str, Any]:
    """The options in the query, checked, so that each address has only a few answers."""
    allowed: dict[str, Collection[str]] = {"form": ("1",), "accent": set(Accent), "theme": THEMES}
    chosen = {name: request.args.get(name) for name in allowed}
    return {"lang": i18n.language(), **{name: it for name, it in chosen.items() if it in allowed[name]}}


@embed.page("/oembed")
def oembed() -> Response:
    """oEmbed 1.0 (oembed.com): what blogs and wikis ask to turn an address of a campaign into its widget.

    That of an organisation becomes the widget with its link. 404 for any other page, 501 for a format other than JSON and XML,
    as the specification has it; no thumbnail where the reader has less room than it needs.
    """
    form = request.args.get("format", "json")
    if form not in ("json", "xml"):
        abort(501)
    address = request.args.get("url", "")
    lang, slug, endorsement_id = _page_at(address)
    campaign = campaigns.find(slug, lang)
    if campaign is None:
        abort(404)
    code = parse_qs(urlsplit(address).query).get("via", [""])[0]
    referrer = referrals.find(campaign.id, organization_code(endorsement_id) if endorsement_id else code)
    title, page, picture = campaign.title, campaign_link(lang, slug), "embed.share_image"
    parts: dict[str, Any] = {"slug": slug, "lang": lang}
    if endorsement_id:
        if referrer is None:
            abort(404)
        parts["endorsement_id"] = endorsement_id
        page, picture = public_url("public.organization", **parts), "embed.organization_image"
        with force_locale(languages.locale(lang)):
            name = referrer.name.in_language(lang)
            title = _("%(organization)s endorses “%(campaign)s”", organization=name, campaign=title)
    chosen = {"lang": lang, **({"via": referrer.code} if referrer else {})}
    width, height = _limited("maxwidth", _WIDTH), _limited("maxheight", _HEIGHT)
    frame = render_template(
        "embed/frame.html",
        src=public_url("embed.widget", slug=slug, **chosen),
        title=title,
        width=width,
        height=height,
    )
    answer: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": current_config().site_name_in(lang),
        "provider_url": public_url("public.home", lang=lang),
        "cache_age": 300,
        "html": frame,
        "width": width,
        "height": height,
        "url": page,
    }
    if (_limited("maxwidth", WIDE.width), _limited("maxheight", WIDE.height)) == (WIDE.width, WIDE.height):
        answer["thumbnail_url"] = public_url(picture, **parts)
        answer["thumbnail_width"], answer["thumbnail_height"] = WIDE.width, WIDE.height
    response = (
        jsonify(answer) if form == "json" else Response(_xml(answer), content_type="text/xml; charset=utf-8")
    )
    response.headers["Cache-Control"] = OEMBED_CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _xml(answer: dict[str, Any]) -> bytes:
    root = ET.Element("oembed")
    for name, value in answer.items():
        ET.SubElement(root, name).text = str(value)
    return bytes(ET.tostring(root, "utf-8", xml_declaration=True))


def _page_at(url: str) -> tuple[str, str, int | None]:
    """Language, slug and organisation, if any, of the page at this address; 404 when it is not one of ours."""
    ours = urlsplit(current_config().base_url)
    try:
        parts = urlsplit(url)
        endpoint, values = current_app.url_map.bind(ours.netloc).match(parts.path.rstrip("/"))
    except (ValueError, HTTPException):
        abort(404)
    if (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc) or endpoint not in _PAGES:
        abort(404)
    slug = values.get("slug") or slug_of(values["short_name"]) or abort(404)
    return values.get("lang", i18n.language()), slug, values.get("endorsement_id")


def _limited(name: str, wanted: int) -> int:
    text = request.args.get(name, "")
    return min(wanted, int(text)) if re.fullmatch(r"[1-9][0-9]{0,5}", text) else wanted


@embed.page("/embed.js")
def script() -> Response:
    """What a page of another site loads to show the widget in its size."""
    program = (Path(__file__).parent / "embed.js").read_bytes()
    return revalidated(Response(program, content_type="text/javascript; charset=utf-8"), SCRIPT_CACHE)
