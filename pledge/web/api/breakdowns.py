"""How a campaign grew and where its people are, for programs: the same lines as on the page and in packs."""

import hashlib
import json
from typing import Any

from flask import Response, abort, jsonify

from pledge.campaigns import queries as campaigns
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.statistics.breakdowns import OTHER, CampaignTotals
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.progress import progress
from pledge.statistics.published_places import PublishedPlaces, published_places
from pledge.statistics.values import Cell
from pledge.web.api import documents
from pledge.web.api.blueprint import DATA_CACHE, answers, api
from pledge.web.caching import kept


@api.get("/campaigns/<slug>/history")
@answers(documents.HistoryDocument)
@kept(DATA_CACHE)
def history(slug: str) -> Response:
    """What each Korean day added. `people` is null on a day whose people are in the last line, "other", or are none."""
    found = progress(_campaign_id(slug), slug)
    days: list[dict[str, Any]] = [
        {"day": one.day.isoformat(), "people": one.people, "organizations": one.organizations}
        for one in found.history.days
    ]
    if found.history.merged is not None:
        days.append({"day": OTHER, "people": found.history.merged, "organizations": 0})
    return _answer(found.totals, found.log_size, history=days)


@api.get("/campaigns/<slug>/regions")
@answers(documents.RegionsDocument)
@kept(DATA_CACHE)
def regions(slug: str) -> Response:
    """People by province at a checkpoint, renewed hourly at most; "none": living elsewhere or no region given; "other": merged small cells."""
    found = published_places(_campaign_id(slug))
    return _answer(found, found.log_size or None, regions=_lines(found.by_region))


@api.get("/campaigns/<slug>/countries")
@answers(documents.CountriesDocument)
@kept(DATA_CACHE)
def countries(slug: str) -> Response:
    """People by country at a checkpoint, renewed hourly at most, the largest first; "other": merged small cells."""
    found = published_places(_campaign_id(slug))
    return _answer(found, found.log_size or None, countries=_lines(found.by_country))


def _campaign_id(slug: str) -> int:
    campaign = campaigns.find(slug, languages.default())
    return abort(404) if campaign is None else campaign.id


def _lines(lines: list[Cell]) -> list[dict[str, Any]]:
    return [{"key": line.key, "label": line.label, "people": line.people} for line in lines]


def _answer(
    found: CampaignTotals | PublishedPlaces, log_size: int | None, **lines: list[dict[str, Any]]
) -> Response:
    """The ETag covers all but the moment: after a 304 the numbers are as of its Date."""
    numbers = {
        "checkpoint": log_size,
        "people": found.people,
        "organizations": found.organizations,
        "smallest_shown": MIN_CELL,
        **lines,
    }
    response = jsonify(as_of=iso_utc(found.as_of), **numbers)
    digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
    response.set_etag(digest[:20], weak=True)
    return response
