"""The blueprint of what other sites show."""

from flask import Blueprint, Response

embed = Blueprint("embed", __name__)


@embed.after_request
def open_to_all(response: Response) -> Response:
    """Pages of other sites may load it, also those that isolate themselves (COEP)."""
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
