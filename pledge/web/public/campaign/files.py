"""`/files/…`: pictures, documents and videos by their random names, the same for everybody, without a query.

They were uploaded, so the browser is told to run and to load nothing: a sandbox without rights, and the declared type.
"""

import os
import re
from urllib.parse import quote

from flask import Response, abort, make_response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from pledge.core.logs import log
from pledge.files import queries
from pledge.files.pictures import MEDIA_TYPE, SIZES, WIDE_SIZES
from pledge.files.storage import PART
from pledge.web.address_book import AddressBook
from pledge.web.errors import RETRY_AFTER_OUTAGE, error_page

blueprint = AddressBook("files", __name__, url_prefix="/files")

#: The content of a name never changes.
CACHE = "public, max-age=31536000, immutable"
SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"


@blueprint.page("/<name>/<size>.webp")
def picture(name: str, size: str) -> Response:
    if size not in map(str, (*SIZES, *WIDE_SIZES)):
        abort(404)
    return _sent(queries.picture(name, int(size)), MEDIA_TYPE, f"{name}-{size}")


@blueprint.page("/<name>/<filename>.pdf")
def document(name: str, filename: str) -> Response:
    """Always downloaded, never shown, under the name in the link."""
    response = _sent(queries.document(name), "application/pdf", name)
    # Nothing that file systems or headers treat specially. RFC 8187: a header is ASCII, a name may be Korean.
    plain = re.sub(r"[^\w -]+", "", filename)[:80].strip() or "document"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(plain)}.pdf"
    return response


@blueprint.page("/<name>/video.<any(mp4, webm):ending>")
def video(name: str, ending: str) -> Response:
    """In the parts that a player asks for (RFC 9110, 14.2), read from the storage as they are sent."""
    file = queries.video(name, ending)
    if file is None:
        abort(404)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    response = Response(wrap_file(request.environ, file, PART), direct_passthrough=True)
    response.content_length = size
    _describe(response, f"video/{ending}", name)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    return response


def _sent(data: bytes | None, media_type: str, etag: str) -> Response:
    if data is None:
        abort(404)
    response = make_response(data)
    _describe(response, media_type, etag)
    response.make_conditional(request)
    return response


def _describe(response: Response, media_type: str, etag: str) -> None:
    response.content_type = media_type
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = CACHE
    response.set_etag(etag)


def away(_error: Exception) -> Response:
    """The page while the storage does not answer: 503, as for the database."""
    log.error("storage away")
    return error_page(503, RETRY_AFTER_OUTAGE)
