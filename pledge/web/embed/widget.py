"""The widget: a campaign's count, with or without the sign form, in a frame of another site (docs/adr/0110).

Only these pages may be framed. Everything that follows (the code, the mailed link, one's own page) opens outside of the frame.
"""

from enum import StrEnum
from functools import partial
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from pledge.campaigns.queries import CampaignView
from pledge.core import countries, i18n
from pledge.core.tokens import BadToken
from pledge.web.caching import kept
from pledge.web.embed.blueprint import embed
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404, campaign_page
from pledge.web.public.mailed_links.journey import by_code
from pledge.web.public.signing.forms import SignForm
from pledge.web.public.signing.sign import take
from pledge.web.public.signing.step_up import ExtraStep
from pledge.web.public.signing.subject import match_number
from pledge.web.security_headers import FRAMEABLE_POLICY


class Accent(StrEnum):
    """The colours of the widget; each has enough contrast in light and in dark."""

    SKY = "sky"
    LEAF = "leaf"
    PLUM = "plum"
    INK = "ink"


#: What the query may say; other parameters and values are ignored.
OPTIONS = ("lang", "form", "accent")
_FRAMED = frozenset({"embed.widget", "embed.widget_sign", "embed.widget_sent"})


@embed.after_request
def allow_framing(response: Response) -> Response:
    """Errors too: a visitor of the other site must be able to read them."""
    if request.endpoint in _FRAMED:
        response.headers["Content-Security-Policy"] = FRAMEABLE_POLICY
    return response


@embed.get("/embed/<slug>")
@kept(PAGE_CACHE, reads=OPTIONS, variant=lambda: str(sorted(options().items())))
def widget(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    form = SignForm(country=countries.HOME) if "form" in options() else None
    return _page(campaign, form, 200)


@embed.post("/embed/<slug>/sign")
def widget_sign(slug: str) -> Response:
    return take(slug, _page, _step_page, partial(url_for, "embed.widget_sent", slug=slug, **options()))


@embed.get("/embed/<slug>/check/<ticket>")
def widget_sent(slug: str, ticket: str) -> Response:
    """What happens now, and the way to the page where the code is typed."""
    try:
        number = match_number(slug, ticket)
    except BadToken:
        number = ""
    page = render_template(
        "embed/sent.html",
        campaign=campaign_or_404(slug),
        ticket=ticket,
        accent=options().get("accent", Accent.SKY),
        by=by_code(),
        match_number=number,
    )
    return make_response(page)


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
    chosen = {"accent": Accent.SKY, **options()}
    answer = render_template(
        "embed/widget.html",
        page=page,
        form=form,
        accent=chosen["accent"],
        action=_form_url(campaign),
    )
    return make_response(answer, status)


def _step_page(campaign: CampaignView, step: ExtraStep) -> str:
    accent = options().get("accent", Accent.SKY)
    return render_template(
        "embed/step_up.html", page=campaign, step=step, action=_form_url(campaign), accent=accent
    )


def _form_url(campaign: CampaignView) -> str:
    return url_for("embed.widget_sign", slug=campaign.slug, **{**options(), "form": "1"})
