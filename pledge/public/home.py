"""Home, a campaign's page and the privacy notice: the same for everybody, kept for a second."""

from flask import Response, make_response, render_template

from pledge import content, i18n, places
from pledge.microcache import keep
from pledge.public.blueprint import public
from pledge.public.forms import SignForm
from pledge.public.pages import campaign_cards, campaign_or_404, campaign_page
from pledge.settings import current

#: A cache on the way may keep these pages for a moment and stand in for us while we are away; a browser asks each
#: time, so that who comes back from confirming sees the new number.
PAGE_CACHE = "public, max-age=0, s-maxage=5, stale-if-error=600"


@public.get("/")
def home() -> Response:
    return _kept(render_template("public/home.html", campaigns=campaign_cards()))


@public.get("/c/<slug>")
def campaign(slug: str) -> Response:
    page = campaign_page(campaign_or_404(slug), current())
    return _kept(render_template("public/campaign.html", page=page, form=SignForm(country=places.HOME)))


@public.get("/privacy")
def privacy() -> Response:
    notice = content.privacy_notice(i18n.language(), current().contact)
    return _kept(render_template("public/privacy.html", notice=notice, version=content.privacy_version()))


def _kept(html: str) -> Response:
    response = make_response(html)
    response.headers["Cache-Control"] = PAGE_CACHE
    return keep(response)
