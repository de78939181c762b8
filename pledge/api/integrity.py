"""What became of all sign-ups of a campaign, for programs."""

from flask import Response, abort, jsonify

from pledge import languages
from pledge.api.blueprint import api
from pledge.campaigns import queries as campaigns
from pledge.delivery.cells import SMALLEST
from pledge.delivery.integrity import integrity as figures
from pledge.microcache import keep

INTEGRITY_CACHE = "public, max-age=5, stale-if-error=600"


@api.get("/campaigns/<slug>/integrity")
def integrity(slug: str) -> Response:
    """`{"as_of", "submitted", "confirmed", "not_counted": {…}, "smallest_shown"}`; null means fewer than that."""
    campaign = campaigns.find(slug, languages.default())
    if campaign is None:
        abort(404)
    found = figures(campaign.id)
    response = jsonify(
        as_of=found.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        submitted=found.submitted,
        confirmed=found.confirmed,
        not_counted=found.uncounted,
        smallest_shown=SMALLEST,
    )
    response.headers["Cache-Control"] = INTEGRITY_CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return keep(response)
