"""How a campaign's number is made, and what was not counted: the same for everybody, kept for a second."""

from flask import Response, make_response, render_template

from pledge.delivery.integrity import integrity as figures
from pledge.microcache import keep
from pledge.public.blueprint import public
from pledge.public.home import PAGE_CACHE
from pledge.public.pages import campaign_or_404


@public.get("/c/<slug>/integrity")
def integrity(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    response = make_response(
        render_template("public/integrity.html", campaign=campaign, found=figures(campaign.id))
    )
    response.headers["Cache-Control"] = PAGE_CACHE
    return keep(response)
