"""The live count: a tiny document, the same for everybody, valid for a second."""

from flask import Response, abort, jsonify

from pledge.campaigns import queries as campaigns
from pledge.core.clock import iso_utc
from pledge.web.api.blueprint import api
from pledge.web.caching import kept

COUNT_CACHE = "public, max-age=1, stale-while-revalidate=2, stale-if-error=600"


@api.get("/campaigns/<slug>/count")
@kept(COUNT_CACHE)
def count(slug: str) -> Response:
    """`{"people", "organizations", "as_of", "checkpoint"}`; the last is the size of the public log that adds up to them.

    The ETag covers the two numbers: after a 304 the count is as of its Date."""
    found = campaigns.count(slug)
    if found is None:
        abort(404)
    response = jsonify(
        people=found.people,
        organizations=found.organizations,
        as_of=iso_utc(found.as_of),
        checkpoint=found.log_size,
    )
    response.set_etag(f"{found.people}-{found.organizations}-{found.log_size}", weak=True)
    return response
