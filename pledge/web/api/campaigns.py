"""The campaigns and their live counts: the same for everybody; a count is a tiny document, valid for a second."""

import hashlib
import json
from typing import Any

from flask import Response, abort, jsonify, url_for

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.campaigns.queries import CampaignView
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.ledger import queries as ledger
from pledge.ledger.queries import Count
from pledge.web.api import documents
from pledge.web.api.blueprint import DATA_CACHE, answers, api
from pledge.web.caching import kept

COUNT_CACHE = "public, max-age=1, stale-while-revalidate=2, stale-if-error=600"
#: Documents about one campaign, by the last part of their address.
DOCUMENTS = ("count", "history", "regions", "countries", "organizations", "integrity", "paper")


@api.get("/campaigns")
@answers(documents.CampaignsDocument)
@kept(DATA_CACHE)
def campaign_list() -> Response:
    """Every public campaign, those that one can sign now first."""
    found = {lang: {c.slug: c for c in campaigns.public_campaigns(lang)} for lang in languages.codes()}
    slugs = list(found[languages.default()])
    counts = ledger.counts(campaign.id for campaign in found[languages.default()].values())
    views = [{lang: found[lang][slug] for lang in found if slug in found[lang]} for slug in slugs]
    return _answer(campaigns=[_summary(view, counts[view[languages.default()].id]) for view in views])


@api.get("/campaigns/<slug>")
@answers(documents.CampaignDocument)
@kept(DATA_CACHE)
def campaign_facts(slug: str) -> Response:
    """One campaign: its texts, dates, goal and counts, the pledge in use, and the addresses of its other documents.

    The ETag covers all but the moment: after a 304 the numbers are as of its Date."""
    found = {lang: campaigns.find(slug, lang) for lang in languages.codes()}
    views = {lang: view for lang, view in found.items() if view is not None}
    one = views.get(languages.default())
    if one is None:
        abort(404)
    count = ledger.count(one.id)
    return _answer(
        as_of=iso_utc(count.as_of),
        **_summary(views, count),
        summary={lang: view.summary for lang, view in views.items()},
        recipient={lang: view.recipient for lang, view in views.items()},
        checkpoint=count.log_size,
        pledge={
            "version": one.pledge.version,
            "sha256": one.pledge.sha256,
            "pages": _pages("public.pledge", slug=slug, version=one.pledge.version),
        },
        documents={name: _absolute(f"api.{name}", slug=slug) for name in DOCUMENTS},
        log=_absolute("log.checkpoint", slug=slug),
    )


@api.get("/campaigns/<slug>/count")
@answers(documents.CountDocument)
@kept(COUNT_CACHE)
def count(slug: str) -> Response:
    """The count, and the size of the public log that adds up to it.

    The ETag covers the numbers: after a 304 the count is as of its Date."""
    found = campaigns.count(slug)
    if found is None:
        abort(404)
    response = jsonify(
        people=found.people,
        organizations=found.organizations,
        paper=found.paper,
        as_of=iso_utc(found.as_of),
        checkpoint=found.log_size,
    )
    response.set_etag(f"{found.people}-{found.organizations}-{found.paper}-{found.log_size}", weak=True)
    return response


def _summary(views: dict[str, CampaignView], count: Count) -> dict[str, Any]:
    one = views[languages.default()]
    return {
        "slug": one.slug,
        "title": {lang: view.title for lang, view in views.items()},
        "tagline": {lang: view.tagline for lang, view in views.items()},
        "state": one.state,
        "is_open": one.is_open,
        "opens_at": iso_utc(one.opens_at) if one.opens_at else None,
        "closes_at": iso_utc(one.closes_at) if one.closes_at else None,
        "goal": one.goal,
        "people": count.people,
        "organizations": count.organizations,
        "pages": _pages("public.campaign", slug=one.slug),
        "api": _absolute("api.campaign_facts", slug=one.slug),
    }


def _pages(endpoint: str, **values: Any) -> dict[str, str]:
    return {lang: _absolute(endpoint, lang=lang, **values) for lang in languages.codes()}


def _absolute(endpoint: str, **values: Any) -> str:
    return current_config().base_url + url_for(endpoint, **values)


def _answer(*, as_of: str | None = None, **facts: Any) -> Response:
    response = jsonify(**facts, **({} if as_of is None else {"as_of": as_of}))
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    response.set_etag(digest[:20], weak=True)
    return response
