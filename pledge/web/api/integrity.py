"""What became of all sign-ups of a campaign, for programs."""

from flask import Response, abort, jsonify

from pledge.campaigns import queries as campaigns
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.integrity import integrity as integrity_report
from pledge.web.api import documents
from pledge.web.api.blueprint import DATA_CACHE, answers, api
from pledge.web.caching import kept


@api.get("/campaigns/<slug>/integrity")
@answers(documents.IntegrityDocument)
@kept(DATA_CACHE)
def integrity(slug: str) -> Response:
    """`{"as_of", "submitted", "confirmed", "not_counted": {…}, "smallest_shown"}`; null means fewer than that."""
    campaign = campaigns.find(slug, languages.default())
    if campaign is None:
        abort(404)
    found = integrity_report(campaign.id)
    return jsonify(
        as_of=iso_utc(found.as_of),
        submitted=found.submitted,
        confirmed=found.confirmed,
        not_counted=found.uncounted,
        smallest_shown=MIN_CELL,
    )
