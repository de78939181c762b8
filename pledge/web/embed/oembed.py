"""oEmbed 1.0 (oembed.com): what blogs and wikis ask to turn an address of a campaign into its widget."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Response, abort, jsonify, render_template, request, url_for

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.core import languages
from pledge.core.urls import campaign_link, public_url
from pledge.share_images.drawing import HEIGHT, WIDTH
from pledge.statistics import referrals
from pledge.web.embed.blueprint import embed

OEMBED_CACHE = "public, max-age=300, stale-if-error=86400"
#: Pixels of the widget without the form; the reader's `maxwidth` and `maxheight` make it smaller.
_WIDTH, _HEIGHT = 600, 340
_PAGE = re.compile(r"/([a-z]{2})/c/([a-z0-9-]+)/?")


@embed.get("/oembed")
def oembed() -> Response:
    """404 for what is no page of a campaign here, 501 for a format other than JSON, as the specification has it."""
    if request.args.get("format", "json") != "json":
        abort(501)
    address = request.args.get("url", "")
    lang, slug = _campaign_of(address)
    campaign = campaigns.find(slug, lang)
    if campaign is None:
        abort(404)
    referrer = referrals.find(campaign.id, _via(address))
    chosen = {"lang": lang, **({"via": referrer.code} if referrer else {})}
    width, height = _limited("maxwidth", _WIDTH), _limited("maxheight", _HEIGHT)
    frame = render_template(
        "embed/frame.html",
        src=public_url("embed.widget", slug=slug, **chosen),
        title=campaign.title,
        width=width,
        height=height,
    )
    answer: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": campaign.title,
        "provider_name": current_config().site_name_in(lang),
        "provider_url": current_config().base_url + url_for("public.home", lang=lang),
        "cache_age": 300,
        "thumbnail_url": public_url("embed.share_image", slug=slug, lang=lang),
        "thumbnail_width": WIDTH,
        "thumbnail_height": HEIGHT,
        "html": frame,
        "width": width,
        "height": height,
        "url": campaign_link(lang, slug),
    }
    response = jsonify(answer)
    response.headers["Cache-Control"] = OEMBED_CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _campaign_of(url: str) -> tuple[str, str]:
    """Language and slug of the page at this address; 404 when it is not one of ours."""
    try:
        parts = urlsplit(url)
    except ValueError:
        abort(404)
    ours = urlsplit(current_config().base_url)
    found = _PAGE.fullmatch(parts.path)
    if (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc) or found is None:
        abort(404)
    lang, slug = found.groups()
    if lang not in languages.codes():
        abort(404)
    return lang, slug


def _via(url: str) -> str:
    """The code of whose link this is."""
    return parse_qs(urlsplit(url).query).get("via", [""])[0]


def _limited(name: str, wanted: int) -> int:
    text = request.args.get(name, "")
    return min(wanted, int(text)) if re.fullmatch(r"[1-9][0-9]{0,5}", text) else wanted
