"""The organisations that endorse a campaign, for programs: what the wall shows, a batch at a time."""

from typing import Any

from flask import Response, abort, jsonify, request, url_for

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.endorsements import queries as endorsements
from pledge.endorsements.queries import BATCH, OrganizationView
from pledge.web.api import documents
from pledge.web.api.blueprint import DATA_CACHE, answers, api
from pledge.web.caching import kept

MAX_NUMBER = 2**63 - 1


@api.get("/campaigns/<slug>/organizations")
@answers(documents.OrganizationsDocument, after={"type": "integer", "minimum": 0, "maximum": MAX_NUMBER})
@kept(DATA_CACHE, reads=("after",))
def organizations(slug: str) -> Response:
    """`{"organizations": […], "next"}`, ordered by id; `next` is the address of the next batch, or null.

    Ids are strings: they are larger than the integers that JavaScript represents exactly.
    """
    campaign = campaigns.find(slug, languages.default())
    if campaign is None:
        abort(404)
    shown = endorsements.listing(campaign.id, _after(), BATCH + 1)
    batch = shown[:BATCH]
    more = url_for("api.organizations", slug=slug, after=batch[-1].id) if len(shown) > BATCH else None
    return jsonify(
        organizations=[_facts(slug, organization) for organization in batch],
        next=None if more is None else current_config().base_url + more,
    )


def _facts(slug: str, organization: OrganizationView) -> dict[str, Any]:
    """The public facts of an organisation; nothing about the person who speaks for it."""
    return {
        "id": str(organization.id),
        "name": {lang: organization.names.get(lang) for lang in languages.codes()},
        "type": organization.type,
        "country": organization.country,
        "region": organization.region,
        "level": organization.level,
        "target_year": organization.target_year,
        "interim_year": organization.interim_year,
        "interim_percent": organization.interim_percent,
        "website": organization.website or None,
        "since": iso_utc(organization.since),
        "url": current_config().base_url
        + url_for("public.organization", lang=languages.default(), slug=slug, endorsement_id=organization.id),
    }


def _after() -> int:
    """The id after which the batch begins; 400 for anything else."""
    text = request.args.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_NUMBER):
        abort(400)
    return int(text)
