"""For events: a count that fills the screen of a hall, and posters to print. Both lead to the campaign's page by a code."""

from flask import Response, abort, make_response, render_template
from flask_babel import gettext as _

from pledge.campaigns.poster.compose import Paper, PosterWords, poster_pdf
from pledge.core import i18n
from pledge.core.urls import campaign_link
from pledge.web.caching import kept
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404, campaign_page, pdf
from pledge.web.public.campaign.sharing import qr_code
from pledge.web.sample_mark import marked


@public.get("/c/<slug>/live")
@kept(PAGE_CACHE)
def live(slug: str) -> Response:
    page = campaign_page(campaign_or_404(slug))
    return make_response(render_template("public/campaign/live.html", page=page, qr=qr_code(page.url)))


@public.get("/c/<slug>/poster-<paper>.pdf")
def poster(slug: str, paper: str) -> Response:
    if paper not in set(Paper):
        abort(404)
    campaign = campaign_or_404(slug)
    words = PosterWords(
        lang=i18n.language(),
        title=marked(campaign.title),
        tagline=campaign.tagline,
        ask=_("Scan the code and sign"),
        code_alt=_("QR code of the campaign address"),
        recipient=_("The number of signatures is handed to %(recipient)s.", recipient=campaign.recipient)
        if campaign.recipient
        else "",
        secretariat=_("Secretariat: %(names)s", names=campaign.secretariat_line)
        if campaign.secretariat_line
        else "",
        url=campaign_link(i18n.language(), campaign.slug),
    )
    return pdf(poster_pdf(words, Paper(paper)), f"{campaign.slug}-poster-{paper}-{words.lang}")
