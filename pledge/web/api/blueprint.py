"""The blueprint of the public API, version 1."""

from flask import Blueprint, Response

api = Blueprint("api", __name__, url_prefix="/api/v1")

#: For what changes with each fold or publication. The count and the checkpoint are cached for less.
DATA_CACHE = "public, max-age=5, stale-while-revalidate=5, stale-if-error=600"


@api.after_request
def open_to_all(response: Response) -> Response:
    """Any page and any program may read it, errors too (CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
