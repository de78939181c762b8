"""The widget: a campaign's count, with or without the sign form, in a frame of another site (docs/adr/0110).

Only these pages may be framed. Everything that follows (the code, the mailed link, one's own page) opens outside of the frame.
"""

import re
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.campaigns.queries import CampaignView
from pledge.core import countries, i18n, languages
from pledge.core.tokens import BadToken
from pledge.core.urls import campaign_link, public_url
from pledge.share_images.drawing import WIDE
from pledge.signatures.services import match_number
from pledge.statistics import referrals
from pledge.web.caching import cached
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404, campaign_page
from pledge.web.public.mailed_links.journey import by_code
from pledge.web.public.signing.forms import SignForm
from pledge.web.public.signing.proof_of_work import FormRefused, ProofRequired
from pledge.web.public.signing.sign import handle_submission, with_retry_after
from pledge.web.security_headers import FRAMEABLE_POLICY
from pledge.web.templating import render_page

#: Its addresses begin with no language; `lang` in the query names it.
embed = Blueprint("embed", __name__)

#: First parts of its addresses whose language is named by the query.
AREAS = ("embed", "badge", "oembed")
_FRAMED = frozenset({"embed.widget", "embed.widget_sign", "embed.widget_sent"})
SCRIPT_CACHE = "public, max-age=3600, stale-if-error=86400"
OEMBED_CACHE = "public, max-age=300, stale-if-error=86400"
#: Pixels of the widget without the form; the reader's `maxwidth` and `maxheight` make it smaller.
_WIDTH, _HEIGHT = 600, 340
_PAGE = re.compile(r"/([a-z]{2})/c/([a-z0-9-]+)/?")


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


#: What the query may say; other parameters and values are ignored.
OPTIONS = ("lang", "form", "accent")


@embed.get("/embed/<slug>")
@cached(PAGE_CACHE, reads=OPTIONS, variant=lambda: str(sorted(options().items())))
def widget(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    form = SignForm(country=countries.HOME) if "form" in options() else None
    return _page(campaign, form, 200)


@embed.post("/embed/<slug>/sign")
def widget_sign(slug: str) -> Response:
    return handle_submission(slug, partial(url_for, "embed.widget_sent", slug=slug, **options()))


@embed.errorhandler(FormRefused)
def form_refused(error: FormRefused) -> Response:
    return with_retry_after(_page(error.campaign, error.form, error.status), error)


@embed.errorhandler(ProofRequired)
def proof_required(error: ProofRequired) -> Response:
    page = render_page(
        "embed/proof_of_work.html",
        error.status,
        page=error.campaign,
        step=error,
        action=_form_url(error.campaign),
        accent=_accent(),
    )
    return with_retry_after(page, error)


@embed.get("/embed/<slug>/check/<ticket>")
def widget_sent(slug: str, ticket: str) -> Response:
    """What happens now, and the way to the page where the code is typed."""
    try:
        number = match_number(slug, ticket)
    except BadToken:
        number = ""
    return render_page(
        "embed/sent.html",
        campaign=campaign_or_404(slug),
        ticket=ticket,
        accent=_accent(),
        by=by_code(),
        match_number=number,
    )


def options() -> dict[str, Any]:
    """What the query chose, checked: of each address there are a few answers only."""
    found: dict[str, Any] = {"lang": i18n.language()}
    if request.args.get("form") == "1":
        found["form"] = "1"
    if request.args.get("accent") in set(Accent):
        found["accent"] = request.args["accent"]
    return found


def _page(campaign: CampaignView, form: SignForm | None, status: int) -> Response:
    page = campaign_page(campaign)
    if form is not None:
        form.show_consent(page.consent_version)
    action = _form_url(campaign)
    return render_page("embed/widget.html", status, page=page, form=form, accent=_accent(), action=action)


def _accent() -> str:
    return str(options().get("accent", Accent.SKY))


def _form_url(campaign: CampaignView) -> str:
    return url_for("embed.widget_sign", slug=campaign.slug, **{**options(), "form": "1"})


@embed.get("/oembed")
def oembed() -> Response:
    """oEmbed 1.0 (oembed.com): what blogs and wikis ask to turn an address of a campaign into its widget.

    404 for what is no page of a campaign here, 501 for a format other than JSON, as the specification has it.
    """
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
        "provider_url": public_url("public.home", lang=lang),
        "cache_age": 300,
        "thumbnail_url": public_url("embed.share_image", slug=slug, lang=lang),
        "thumbnail_width": WIDE.width,
        "thumbnail_height": WIDE.height,
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


@embed.get("/embed.js")
def script() -> Response:
    """What a page of another site loads to show the widget in its size."""
    program = (Path(__file__).parent / "embed.js").read_bytes()
    response = Response(program, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = SCRIPT_CACHE
    response.add_etag()
    response.make_conditional(request)
    return response
