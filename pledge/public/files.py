"""`/files/…`: pictures and documents by their random names, the same for everybody, without a query.

They came from outside, so the browser is told to run and to load nothing: a sandbox with no rights, the type as we say.
"""

import re

from flask import Blueprint, Response, abort, make_response, request

from pledge.files import queries
from pledge.files.pictures import MEDIA_TYPE, SIZES

files = Blueprint("files", __name__, url_prefix="/files")

#: What lies under a name never changes.
CACHE = "public, max-age=31536000, immutable"
SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"


@files.get("/<name>/<size>.webp")
def picture(name: str, size: str) -> Response:
    if size not in map(str, SIZES):
        abort(404)
    return _sent(queries.picture(name, int(size)), MEDIA_TYPE, f"{name}-{size}")


@files.get("/<name>/<filename>.pdf")
def document(name: str, filename: str) -> Response:
    """Always saved, never shown by us, under the name that the link gives it."""
    response = _sent(queries.document(name), "application/pdf", name)
    response.headers.set("Content-Disposition", "attachment", filename=f"{_plain(filename)}.pdf")
    return response


def _sent(data: bytes | None, media_type: str, etag: str) -> Response:
    if data is None:
        abort(404)
    response = make_response(data)
    response.content_type = media_type
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = CACHE
    response.set_etag(etag)
    return response.make_conditional(request)


def _plain(filename: str) -> str:
    """Letters, digits, spaces, hyphens: nothing that a file system or a header reads differently."""
    return re.sub(r"[^\w -]+", "", filename)[:80].strip() or "document"
