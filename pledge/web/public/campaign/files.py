"""`/files/…`: pictures, documents and videos by their random names, the same for everybody, without a query.

They were uploaded, so the browser is told to run and to load nothing: a sandbox without rights, and the declared type.

Also the logo of an endorsement form: stored when the form is sent, and kept while other fields are corrected. The hidden field
of an accepted picture is signed, so that nobody has to choose it again and nobody can name a picture that they have not sent.
"""

import os
import re
from urllib.parse import quote

from flask import Blueprint, Response, abort, make_response, request
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from pledge.core import tokens
from pledge.core.logs import log
from pledge.core.tokens import BadToken, Purpose
from pledge.files import queries
from pledge.files.pictures import MEDIA_TYPE, SIZES, WIDE_SIZES, PictureFault
from pledge.files.services import store_picture
from pledge.files.storage import PART, STORAGE_AWAY, FileRefused, StorageAway
from pledge.web.errors import RETRY_AFTER_OUTAGE, answer_busy, error_page
from pledge.web.public.endorsing.forms import ContentForm

blueprint = Blueprint("files", __name__, url_prefix="/files")

#: The content of a name never changes.
CACHE = "public, max-age=31536000, immutable"
SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
#: Bytes of a form with a logo: more than a logo may have, so that one that is too large is refused at its field and the
#: rest of the form is kept.
MAX_FORM = 8 * 1024 * 1024
MAX_FIELDS = 60


@blueprint.get("/<name>/<size>.webp")
def picture(name: str, size: str) -> Response:
    if size not in map(str, (*SIZES, *WIDE_SIZES)):
        abort(404)
    return _sent(queries.picture(name, int(size)), MEDIA_TYPE, f"{name}-{size}")


@blueprint.get("/<name>/<filename>.pdf")
def document(name: str, filename: str) -> Response:
    """Always downloaded, never shown, under the name in the link."""
    response = _sent(queries.document(name), "application/pdf", name)
    # RFC 8187: a header is ASCII, a name may be Korean.
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_plain(filename))}.pdf"
    return response


@blueprint.get("/<name>/video.<any(mp4, webm):ending>")
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


def _plain(filename: str) -> str:
    """Letters, digits, spaces, hyphens: nothing that file systems or headers treat specially."""
    return re.sub(r"[^\w -]+", "", filename)[:80].strip() or "document"


def away(_error: Exception) -> Response:
    """The page while the storage does not answer: 503, as for the database."""
    log.error("storage away")
    return error_page(503, RETRY_AFTER_OUTAGE)


def store_logo(form: ContentForm, own: str = "") -> bool:
    """Find the form's logo: uploaded now, accepted before, the organisation's `own`, or none.

    Sets `logo_name` and the hidden field. False when a picture is refused; its field then has the error, and the picture
    accepted before is kept.
    """
    form.logo_name = "" if form.logo_removed.data else _accepted_before(form, own)
    sent = form.logo.data
    fine = True
    if isinstance(sent, FileStorage) and sent.filename:
        try:
            form.logo_name = store_picture(sent.read())
        except FileRefused as error:
            form.logo.errors = [error.message]
            if error.fault is PictureFault.BUSY:
                answer_busy()
            fine = False
        except StorageAway:
            form.logo.errors = [STORAGE_AWAY]
            fine = False
        finally:
            sent.close()
    form.logo_kept.data = logo_ticket(form.logo_name, own)
    return fine


def refuse_logo(form: ContentForm) -> None:
    """The picture has been deleted meanwhile, or belongs to another organisation already."""
    form.logo_name, form.logo_kept.data = "", ""
    form.logo.errors = [_("Please choose the logo once more.")]


def logo_ticket(name: str, own: str = "") -> str:
    """The value of the hidden field for a picture; an organisation's own picture needs none."""
    return "" if name in ("", own) else tokens.mint(Purpose.UPLOAD, [name])


def _accepted_before(form: ContentForm, own: str) -> str:
    if not form.logo_kept.data:
        return own
    try:
        found = tokens.read(Purpose.UPLOAD, form.logo_kept.data)
    except BadToken:
        return own
    return own if found.expired or len(found.payload) != 1 else str(found.payload[0])
