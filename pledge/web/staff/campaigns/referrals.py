"""How many signatures came through the link of each partner and organisation, and the page that a partner gets of it."""

from flask import render_template

from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.staff_queries import CampaignDesk
from pledge.core import languages
from pledge.core.urls import campaign_link, public_url
from pledge.statistics import referrals
from pledge.statistics.referrals import Referrer
from pledge.web.staff.auth.access import needs
from pledge.web.staff.blueprint import staff


@staff.get("/campaigns/<slug>/referrals")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_referrals(slug: str) -> str:
    desk = campaigns.desk(slug)
    return render_template(
        "staff/campaigns/referrals.html",
        desk=desk,
        lines=referrals.lines(desk.id),
        links=[campaign_link(lang, slug) for lang in languages.codes()],
        page_url=lambda referrer, lang: _page_url(desk, referrer, lang),
    )


def _page_url(desk: CampaignDesk, referrer: Referrer, lang: str) -> str:
    """The page with the number of a partner. That of an organisation is mailed to its contact, so here it has none."""
    if referrer.endorsement_id is not None:
        return public_url("public.spread", lang=lang, slug=desk.slug, via=referrer.code)
    token = referrals.partner_token(desk.id, referrer.code)
    return public_url("public.partner_page", lang=lang, slug=desk.slug, token=token)
