"""How a campaign grew and where its people are, for programs: the same lines as on the page and in packs."""

import hashlib
import json
from typing import Any

from flask import Response, abort, jsonify

from pledge.campaigns import queries as campaigns
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.statistics.breakdowns import OTHER
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.progress import Progress, progress
from pledge.statistics.values import Cell
from pledge.web.api import documents
from pledge.web.api.blueprint import DATA_CACHE, answers, api
from pledge.web.caching import kept


@api.get("/campaigns/<slug>/history")
@answers(documents.HistoryDocument)
@kept(DATA_CACHE)
def history(slug: str) -> Response:
    """What each Korean day added. `people` is null on a day whose people are in the last line, "other", or are none."""
    found = _found(slug)
    days: list[dict[str, Any]] = [
        {"day": one.day.isoformat(), "people": one.people, "organizations": one.organizations}
        for one in found.history.days
    ]
    if found.history.merged is not None:
        days.append({"day": OTHER, "people": found.history.merged, "organizations": 0})
    return _answer(found, history=days)


@api.get("/campaigns/<slug>/regions")
@answers(documents.RegionsDocument)
@kept(DATA_CACHE)
def regions(slug: str) -> Response:
    """People by province; "none": living elsewhere or no region given; "other": merged small cells."""
    found = _found(slug)
    return _answer(found, regions=_lines(found.totals.by_region))


@api.get("/campaigns/<slug>/countries")
@answers(documents.CountriesDocument)
@kept(DATA_CACHE)
def countries(slug: str) -> Response:
    """People by country, the largest first; "other": merged small cells."""
    found = _found(slug)
    return _answer(found, countries=_lines(found.totals.by_country))


def _found(slug: str) -> Progress:
    campaign = campaigns.find(slug, languages.default())
    return abort(404) if campaign is None else progress(campaign.id, slug)


def _lines(lines: list[Cell]) -> list[dict[str, Any]]:
    return [{"key": line.key, "label": line.label, "people": line.people} for line in lines]


def _answer(found: Progress, **lines: list[dict[str, Any]]) -> Response:
    """The ETag covers all but the moment: after a 304 the numbers are as of its Date."""
    numbers = {
        "checkpoint": found.log_size,
        "people": found.totals.people,
        "organizations": found.totals.organizations,
        "smallest_shown": MIN_CELL,
        **lines,
    }
    response = jsonify(as_of=iso_utc(found.totals.as_of), **numbers)
    digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
    response.set_etag(digest[:20], weak=True)
    return response
