"""Checks of every request before a view sees it.

The public site has no session, so a foreign page gains nothing that its visitor could not send by hand; the check of
where a POST comes from still keeps other sites from signing in a visitor's browser.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import SecurityError
from werkzeug.wsgi import get_host

from config import Config, current_config
from pledge.web.routes import MAX_BODY, MAX_PARTS, route_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
URLENCODED = "application/x-www-form-urlencoded"
FORM_TYPES = frozenset({URLENCODED, "multipart/form-data"})

#: The whole body of an unsubscription that a mail provider sends for its user (RFC 8058 section 3.1).
ONE_CLICK = {"List-Unsubscribe": ["One-Click"]}

#: Asked by load balancers, by Prometheus and by `flask serve` itself, under the address of the machine.
MONITORING_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_UNCLEAN = re.compile("[\0\ufffd\ud800-\udfff]")
_REFUSED = "pledge.refused_host"
#: Bytes. Werkzeug counts its read buffer, also of a file, as memory of the form: with less than two of its chunks it would
#: refuse every file.
_FORM_MEMORY = 192 * 1024


class KnownHosts:
    """WSGI middleware: only requests for one of our host names are answered.

    A request for another name goes to `refusing` (the application) as one for our own, marked, so that the 400 page can
    build its links and repeats nothing of that name. Load balancers ask for the paths in MONITORING_PATHS by IP address.
    """

    def __init__(self, app: WSGIApplication, refusing: WSGIApplication, config: Config) -> None:
        self._app = app
        self._refusing = refusing
        self._allowed = config.allowed_hosts
        self._own = config.base_host

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._is_known(environ):
            return self._app(environ, start_response)
        environ["HTTP_HOST"] = self._own
        if environ.get("PATH_INFO") in MONITORING_PATHS:
            return self._app(environ, start_response)
        environ[_REFUSED] = True
        return self._refusing(environ, start_response)

    def _is_known(self, environ: WSGIEnvironment) -> bool:
        if "HTTP_HOST" in environ:
            environ["HTTP_HOST"] = environ["HTTP_HOST"].lower()
        try:
            get_host(environ, self._allowed)
        except (SecurityError, ValueError):  # ValueError: a name that cannot be encoded
            return False
        return True


def init_app(app: Flask) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=32 * 1024,
        MAX_FORM_PARTS=MAX_PARTS,
    )
    app.before_request(check)


def check() -> None:
    """Refuse unreadable text (400), a foreign origin (403), an oversized body (413) and a body of no form's type (415)."""
    if _REFUSED in request.environ or not is_clean(request.path) or not _decodes(request.query_string):
        abort(400)
    if request.method in SAFE_METHODS:
        return
    is_from_here = _comes_from_here(
        request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"), request.host
    )
    route = route_of(request.endpoint)
    allowed = None if route is None else route.body
    if not is_from_here and not (allowed and allowed.one_click):
        abort(403)
    # Before the body is read, as the next line may do.
    if allowed is not None:
        request.max_form_parts = allowed.parts
        request.max_content_length = allowed.max_bytes(current_config())
        request.max_form_memory_size = _FORM_MEMORY
        if is_from_here and request.mimetype == allowed.mimetype:
            return
    if request.mimetype not in FORM_TYPES and (request.content_length or request.mimetype):
        abort(415)
    if is_from_here and request.content_length == 0:
        return
    # Bytes that are clean as a whole are so in every part, as no character of UTF-8 contains `&` or `=`.
    if not (_decodes(request.get_data()) if request.mimetype == URLENCODED else _are_clean(request.form)):
        abort(400)
    if not is_from_here and request.form.to_dict(flat=False) != ONE_CLICK:
        abort(403)


def _comes_from_here(site: str | None, origin: str | None, host: str) -> bool:
    """Fetch metadata first (W3C Fetch Metadata), then Origin; a client that sends neither is not a browser."""
    if site is not None and site not in ("same-origin", "none"):
        return False
    try:
        return origin is None or urlsplit(origin).netloc == host
    except ValueError:  # not an address at all
        return False


def _decodes(encoded: bytes) -> bool:
    """Whether percent-encoded text is UTF-8 without NUL. Werkzeug would keep other bytes as text like `%ED%A0%80`."""
    plain = unquote_to_bytes(encoded) if b"%" in encoded else encoded
    try:
        return b"\0" not in plain and is_clean(plain.decode())
    except UnicodeDecodeError:
        return False


def _are_clean(values: MultiDict[str, str]) -> bool:
    # A part of a multipart body may come without a name; Werkzeug's name for it is None.
    return all(
        key is not None and is_clean(key) and is_clean(value) for key, value in values.items(multi=True)
    )


def is_clean(text: str) -> bool:
    """No NUL (PostgreSQL refuses it) and no lone surrogate (it cannot be encoded)."""
    return _UNCLEAN.search(text) is None


def page_number() -> int:
    """`?page=` as a number from 1; 404 if it is no number."""
    text = request.args.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text)):
        abort(404)
    return int(text)


def before_number() -> int | None:
    """`?before=` as a row id (keyset paging, newest first); None if absent or invalid."""
    number = request.args.get("before", type=int)
    return number if number is not None and 0 < number < 2**63 else None
