"""What search engines and devices ask for beside the pages: robots.txt, sitemap.xml, security.txt, icons and the web manifest."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from flask import Response, jsonify, render_template, request, send_from_directory, url_for

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.core import clock, i18n, languages
from pledge.core.urls import public_url
from pledge.endorsements import queries as endorsements
from pledge.news import queries as news
from pledge.web.address_book import AddressBook
from pledge.web.caching import cache
from pledge.web.public.blueprint import public
from pledge.web.templating import STATIC, asset

discovery = AddressBook("discovery", __name__)

#: Seconds for which browsers keep an icon: a week.
ICON_SECONDS = 604_800
CACHE = "public, max-age=3600, stale-if-error=86400"
#: Seconds that a process caches the sitemap, which costs some statements.
SITEMAP_SECONDS = 300
#: The most that one sitemap may hold (sitemaps.org), with some room.
MAX_PAGES = 49_000
#: How long what security.txt says is to be believed; RFC 9116 advises less than a year.
SECURITY_DAYS = 180
THEME_COLOUR = "#d9eefb"


@discovery.page("/robots.txt")
def robots() -> Response:
    """Personal links are not for search engines; their pages say so too (noindex), so none is listed here."""
    return _lines("User-agent: *", "Disallow: /staff/", f"Sitemap: {public_url('discovery.sitemap')}")


@discovery.page("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell of a weakness (RFC 9116)."""
    until = clock.now().replace(microsecond=0) + timedelta(days=SECURITY_DAYS)
    return _lines(
        f"Contact: mailto:{current_config().contact}",
        f"Expires: {until.isoformat()}",
        f"Preferred-Languages: {', '.join(languages.codes())}",
        f"Canonical: {public_url('discovery.security')}",
    )


@discovery.page("/sitemap.xml")
def sitemap() -> Response:
    """Every page that may be found, in every language."""
    pages = _pages()
    text = render_template("public/sitemap.xml", pages=pages, default=languages.default())
    return _cached(Response(text, mimetype="application/xml"))


@discovery.page("/favicon.ico", "/apple-touch-icon.png")
def icon() -> Response:
    return send_from_directory(STATIC / "img", request.path.removeprefix("/"), max_age=ICON_SECONDS)


@public.page("/site.webmanifest")
def web_manifest() -> Response:
    """Name and icons for a home screen (W3C Web Application Manifest)."""
    response = jsonify(
        name=current_config().site_name_in(i18n.language()),
        lang=i18n.language(),
        start_url=url_for("public.home"),
        scope="/",
        display="standalone",
        theme_color=THEME_COLOUR,
        background_color=THEME_COLOUR,
        icons=[
            {
                "src": asset(f"img/icon-{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": "any maskable",
            }
            for size in (192, 512)
        ],
    )
    response.mimetype = "application/manifest+json"
    return _cached(response)


def _lines(*lines: str) -> Response:
    return _cached(Response("".join(f"{line}\n" for line in lines), mimetype="text/plain"))


def _cached(response: Response) -> Response:
    response.headers["Cache-Control"] = CACHE
    return response


@cache.memoize(SITEMAP_SECONDS)
def _pages() -> list[tuple[dict[str, str], datetime | None]]:
    """The address of each page, by language, and when its own text was last changed, where that is known."""
    return [
        ({lang: public_url(endpoint, lang=lang, **values) for lang in languages.codes()}, changed_at)
        for endpoint, values, changed_at in islice(_addresses(), MAX_PAGES)
    ]


def _addresses() -> Iterator[tuple[str, dict[str, Any], datetime | None]]:
    for endpoint in ("home", "verify", "developers", "privacy", "how_it_works", "accessibility", "contact"):
        yield f"public.{endpoint}", {}, None
    for campaign in campaigns.public_campaigns(languages.default()):
        slug = campaign.slug
        pages = ["campaign", "organizations", "progress", "spread", "press", "live"]
        pages += ["sign", "endorse"] if campaign.is_running else []
        pages += ["letter"] if campaign.row.letter_text else []
        items = news.sent(campaign.id)
        pages += ["news"] if items else []
        for endpoint in pages:
            yield f"public.{endpoint}", {"slug": slug}, None
        for item in items:
            yield "public.news_item", {"slug": slug, "news_id": item.id}, item.begun_at
        for text in campaigns.pledge_versions(campaign.id):
            yield "public.pledge", {"slug": slug, "version": text.version}, text.created_at
        for shown in endorsements.listing(campaign.id):
            number = shown.endorsement_id
            yield "public.organization", {"slug": slug, "endorsement_id": number}, shown.reviewed_at
