"""The campaign whose numbers a page of the staff area shows: chosen on the page, and remembered for the others."""

from flask import abort, g, request, session

from pledge.campaigns import staff_queries
from pledge.campaigns.models import Campaign, CampaignState
from pledge.campaigns.queries import slugs
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import i18n
from pledge.web.staff.blueprint import staff

#: In the session: the campaign whose numbers were chosen.
_CHOSEN = "desk_campaign"


def chosen(rows: list[Campaign]) -> Campaign | None:
    """The requested campaign, else the one chosen before in this session, else the first that was opened of those
    that are open, else the newest: opening another campaign does not change what colleagues see."""
    by_slug = {row.slug: row for row in rows}
    if asked := request.args.get("campaign", ""):
        if asked not in by_slug:
            abort(404)
        session[_CHOSEN] = asked
        return by_slug[asked]
    if (before := session.get(_CHOSEN)) in by_slug:
        return by_slug[before]
    return next((row for row in reversed(rows) if row.state == CampaignState.OPEN), rows[0] if rows else None)


def number_of(slug: str) -> int:
    """The number of a campaign. Raises NoSuchCampaign."""
    for number, known in slugs().items():
        if known == slug:
            return number
    raise NoSuchCampaign


@staff.app_template_global("campaign_titles")
def campaign_titles() -> dict[str, str]:
    """The title of every campaign by its slug, the newest first; read once for a request."""
    titles: dict[str, str] | None = g.get("campaign_titles")
    if titles is None:
        titles = g.campaign_titles = staff_queries.titles(i18n.language())
    return titles


@staff.app_template_global("campaign_title")
def campaign_title(slug: str) -> str:
    return campaign_titles().get(slug, slug)
