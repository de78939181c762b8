"""The wall of organisations that endorse a campaign, and a page for each that it can link to."""

from dataclasses import replace
from typing import Any

from flask import Response, abort, redirect, request, url_for
from werkzeug import Response as AnyResponse

from pledge.campaigns.queries import CampaignView
from pledge.core import countries, i18n
from pledge.core.organization_types import OrganizationType
from pledge.endorsements import queries as endorsements
from pledge.endorsements.queries import WallFilter
from pledge.statistics import referrals
from pledge.statistics.referrals import organization_code
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404, campaign_page
from pledge.web.public.campaign.sharing import group_address, group_links, organization_links, qr_code
from pledge.web.request_checks import page_number
from pledge.web.templating import render_page

#: The query parameters of the wall; a request with any of them is not cached.
PARAMETERS = ("q", "type", "country", "page")


@public.page("/c/<slug>/organizations", cache=replace(PAGE_CACHE, reads=PARAMETERS))
def organizations(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    wanted, page = _wanted(), page_number()
    wall = endorsements.wall(campaign.id, i18n.language(), wanted, page)
    if page > wall.pages:
        abort(404)
    return render_page(
        "public/campaign/organizations.html",
        campaign=campaign,
        wall=wall,
        wanted=wanted,
        kind_url=lambda kind: _wall_url(slug, type=kind or None, page=None),
        page_url=lambda number: _wall_url(slug, page=number),
    )


@public.page("/c/<slug>/organizations/<int64:endorsement_id>", cache=PAGE_CACHE)
def organization(slug: str, endorsement_id: int) -> AnyResponse:
    campaign = campaign_or_404(slug)
    shown = endorsements.organization(campaign.id, endorsement_id)
    if shown is None:
        return _elsewhere(campaign, endorsement_id)
    return render_page(
        "public/campaign/organization.html",
        410 if shown.endorsement.is_gone else 200,
        campaign=campaign,
        organization=shown,
        promises=endorsements.published_promises(endorsement_id, i18n.language()),
        group=referrals.group(campaign.id, organization_code(endorsement_id)),
        share=organization_links(campaign, endorsement_id, shown.name),
        qr=qr_code(group_address(campaign, organization_code(endorsement_id))),
    )


@public.page("/c/<slug>/with/<code>", cache=PAGE_CACHE)
def group(slug: str, code: str) -> AnyResponse:
    """Redirect a group's link to its organisation's page (also after it left), its partner page if that has a goal, or the campaign."""
    campaign, number = campaign_or_404(slug), referrals.organization_number(code)
    if number is not None:
        return redirect(url_for("public.organization", slug=slug, endorsement_id=number))
    members = referrals.group(campaign.id, code)
    if members is None:
        abort(404)
    if members.goal is None:
        return redirect(url_for("public.campaign", slug=slug, via=code))
    page, share = campaign_page(campaign), group_links(campaign, members)
    qr = qr_code(share.url)
    return render_page("public/campaign/group.html", page=page, group=members, share=share, qr=qr)


def _wanted() -> WallFilter:
    """The filter in the address; 400 for a kind or a country that does not exist."""
    kind, country = request.args.get("type", ""), request.args.get("country", "")
    if (kind and kind not in set(OrganizationType)) or (country and country not in countries.COUNTRIES):
        abort(400)
    return WallFilter(
        name=request.args.get("q", "").strip(), type=OrganizationType(kind) if kind else None, country=country
    )


def _wall_url(slug: str, **changes: Any) -> str:
    """The address of the wall with the same filter but for the changes."""
    asked: dict[str, Any] = {name: request.args[name] for name in PARAMETERS if request.args.get(name)}
    return url_for("public.organizations", **{"slug": slug, **asked, **changes})


def _elsewhere(campaign: CampaignView, endorsement_id: int) -> AnyResponse:
    """Redirect a duplicate to the endorsement that it was merged into, or to the wall while that is not shown."""
    other = endorsements.merged_into(campaign.id, endorsement_id)
    if other is None:
        abort(404)
    if endorsements.organization(campaign.id, other) is None:
        return redirect(url_for("public.organizations", slug=campaign.slug))
    return redirect(url_for("public.organization", slug=campaign.slug, endorsement_id=other), 301)
