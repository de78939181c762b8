"""What every request must satisfy before a view sees it.

The public site has no session, so a foreign page gains nothing that its visitor could not send by hand; the check of
where a POST comes from still keeps other sites from signing in a visitor's browser.
"""

from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict

from pledge.settings import Settings

LARGEST_BODY = 64 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=32 * 1024,
        MAX_FORM_PARTS=40,
        TRUSTED_HOSTS=settings.allowed_hosts,
    )
    app.before_request(check)


def check() -> None:
    """Refuse unreadable text (400), a foreign origin (403), an oversized body (413) and a body of no form's type (415)."""
    request.host  # noqa: B018  # raises 400 when the name is not one of ours
    if not _is_clean(request.path) or not _are_clean(request.args):
        abort(400)
    if request.method in SAFE_METHODS:
        return
    if not _comes_from_here():
        abort(403)
    if request.mimetype not in FORM_TYPES and (request.content_length or request.mimetype):
        abort(415)
    if not _are_clean(request.form):
        abort(400)


def _comes_from_here() -> bool:
    """Fetch metadata first (W3C Fetch Metadata), then Origin; a client that sends neither is not a browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _are_clean(values: MultiDict[str, str]) -> bool:
    return all(_is_clean(key) and _is_clean(value) for key, value in values.items(multi=True))


def _is_clean(text: str) -> bool:
    """No NUL (PostgreSQL refuses it) and no lone surrogate (it cannot be encoded)."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    return "\ufffd" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
