"""The archive of a campaign's news: what was sent to those who asked for it, for everybody to read."""

from flask import Response, abort, make_response, render_template

from pledge.core import i18n
from pledge.news import queries
from pledge.web.caching import kept
from pledge.web.public import structured_data
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404


@public.get("/c/<slug>/news")
@kept(PAGE_CACHE)
def news(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    items = queries.public_news(campaign.id, i18n.language())
    return make_response(render_template("public/campaign/news.html", campaign=campaign, items=items))


@public.get("/c/<slug>/news/<int(min=1,max=2147483647):news_id>")
@kept(PAGE_CACHE)
def news_item(slug: str, news_id: int) -> Response:
    campaign = campaign_or_404(slug)
    item = queries.public_item(campaign.id, news_id, i18n.language())
    if item is None:
        abort(404)
    facts = structured_data.of_news(item, campaign)
    return make_response(
        render_template("public/campaign/news_item.html", campaign=campaign, item=item, facts=facts)
    )
