"""How many signatures came through the link of each partner and organisation."""

from flask import render_template

from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.core import languages
from pledge.core.urls import campaign_link
from pledge.statistics import referrals
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
    )
