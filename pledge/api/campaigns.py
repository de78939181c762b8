"""The live count: a tiny document, the same for everybody, good for a second."""

from datetime import datetime

from flask import Response, abort, jsonify

from pledge.api.blueprint import api
from pledge.campaigns import queries as campaigns
from pledge.microcache import keep

COUNT_CACHE = "public, max-age=1, stale-while-revalidate=10, stale-if-error=600"


@api.get("/campaigns/<slug>/count")
def count(slug: str) -> Response:
    """`{"people", "organizations", "as_of", "checkpoint"}`; the last is the size of the public log that adds up to them.

    The ETag is of the two numbers: after a 304 the count is as of its Date."""
    found = campaigns.count(slug)
    if found is None:
        abort(404)
    response = jsonify(
        people=found.people,
        organizations=found.organizations,
        as_of=_utc(found.as_of),
        checkpoint=found.log_size,
    )
    response.headers["Cache-Control"] = COUNT_CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["ETag"] = f'W/"{found.people}-{found.organizations}-{found.log_size}"'
    return keep(response)


def _utc(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
