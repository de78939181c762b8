"""embed.js: what a page of another site loads to show the widget in its size."""

from pathlib import Path

from flask import Response, request

from pledge.web.embed.blueprint import embed

_PROGRAM = Path(__file__).parent / "embed.js"
_CACHE = "public, max-age=3600, stale-if-error=86400"


@embed.get("/embed.js")
def script() -> Response:
    response = Response(_PROGRAM.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = _CACHE
    response.add_etag()
    response.make_conditional(request)
    return response
