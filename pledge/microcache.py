"""A one-second cache in front of Flask for public pages that are the same for everybody.

A view opts in by `response = keep(response)`. While the copy is fresh, a request for it costs a dictionary look-up and
no query; the first request for it renders it while others wait; when it is stale one renders it anew and the others go on with the old copy; when the renewal fails
(database away) the old copy serves on for a while. What a launch day asks a thousand times a second is made once.

Kept: answers 200 to GET by host and path, whatever the query string (links passed on in social networks grow one, and
few kept pages read it). A page that reads some parameters names them: a request that carries one of these goes past the
copy, and its answer is not kept. Each copy is compressed once for each encoding asked for. HEAD and If-None-Match
(RFC 9110 §13.1.2) are answered from the copy. Nothing personal may opt in, as the public site has no cookie to tell people apart.
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

import brotli
from flask import Response, request
from werkzeug.http import http_date, parse_options_header

from pledge import clock

FRESH_SECONDS = 1.0
#: How long an old copy may stand in when it cannot be renewed.
STALE_SECONDS = 600.0
MOST_COPIES = 256
SMALLEST_COMPRESSED = 500
_LONGEST_WISH = 200
#: How long a request waits for another one that renders the same address for the first time.
LONGEST_WAIT = 5.0

_MARK = "X-Microcache"

WSGIApp = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]
Key = tuple[str, str]


def keep(response: Response, *, reads: Iterable[str] = ()) -> Response:
    """Let this answer be kept for a second; give it an ETag of its bytes unless it has one.

    `reads` are the query parameters that the view reads, each a plain word. The view must be the same for every request
    that carries none of them, and keeps only such an answer: one with any of them is left to be sent as it is.
    """
    names = frozenset(reads)
    if not names.isdisjoint(request.args):
        return response
    response.headers[_MARK] = " ".join(("1", *sorted(names)))
    if "ETag" not in response.headers:
        response.headers["ETag"] = f'W/"{hashlib.sha256(response.get_data()).hexdigest()[:20]}"'
    return response


@dataclass(frozen=True)
class Copy:
    """One rendered answer, and its compressed forms once somebody asked for them."""

    headers: Headers
    body: bytes
    etag: str
    made_at: float
    reads: frozenset[str] = frozenset()  #: parameters whose answers are other ones
    _encoded: dict[str, tuple[Headers, bytes]] = field(default_factory=dict)

    def encoded(self, encoding: str) -> tuple[Headers, bytes]:
        """Headers and body for `br`, `gzip` or "" (as it is)."""
        found = self._encoded.get(encoding)
        if found is None:
            found = self._encoded[encoding] = self._encode(encoding)
        return found

    def _encode(self, encoding: str) -> tuple[Headers, bytes]:
        headers, body = list(self.headers), self.body
        if encoding and len(body) >= SMALLEST_COMPRESSED:
            body = brotli.compress(body, quality=5) if encoding == "br" else gzip.compress(body, 6)
            headers.append(("Content-Encoding", encoding))
        return [*headers, ("Content-Length", str(len(body)))], body


class MicroCache:
    """WSGI middleware; one instance holds the copies of one process."""

    def __init__(self, app: WSGIApp) -> None:
        self._app = app
        self._copies: OrderedDict[Key, Copy] = OrderedDict()
        self._renewing: dict[Key, threading.Lock] = {}
        self._first_renders: dict[Key, threading.Event] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._copies.clear()
            self._renewing.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._pass(environ, start_response)
        key = (environ.get("HTTP_HOST", ""), environ.get("PATH_INFO", ""))
        copy = self._copies.get(key)
        if copy is not None and copy.reads and _names_any(environ, copy.reads):
            return self._pass(environ, start_response)
        if copy is None:
            if environ["REQUEST_METHOD"] == "HEAD":
                return self._pass(environ, start_response)
            return self._first(key, environ, start_response)
        if clock.monotonic() - copy.made_at >= FRESH_SECONDS:
            copy = self._renewed(key, copy, environ)
            if copy is None:
                return self._pass(environ, start_response)
        return _answer(copy, environ, start_response)

    def _pass(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The application's own answer, without our mark."""

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            return start_response(status, [pair for pair in headers if pair[0] != _MARK], *rest)

        return self._app(environ, start)

    def _first(self, key: Key, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Rendered by whoever comes first; the others wait for it, so a crowd at a cold start costs one page.

        A page that is not kept is rendered for each of them, as everybody's own would be without a cache.
        """
        with self._lock:
            begun = self._first_renders.get(key)
            mine = self._first_renders.setdefault(key, threading.Event())
        if begun is None:
            try:
                return self._render(key, environ, start_response)
            finally:
                del self._first_renders[key]
                mine.set()
        begun.wait(LONGEST_WAIT)
        copy = self._copies.get(key)
        if copy is not None and not _names_any(environ, copy.reads):
            return _answer(copy, environ, start_response)
        return self._render(key, environ, start_response)

    def _render(self, key: Key, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body, exc_info = _run(self._app, environ)
        copy = self._store(key, status, headers, body)
        if copy is not None:
            return _answer(copy, environ, start_response)
        start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
        return [body]

    def _renewed(self, key: Key, old: Copy, environ: WSGIEnvironment) -> Copy | None:
        """A fresh copy from whoever comes first; the old one for the rest; None when it may no longer be shown."""
        lock = self._renewing.setdefault(key, threading.Lock())
        usable = clock.monotonic() - old.made_at < STALE_SECONDS
        if not lock.acquire(blocking=not usable):
            return old
        try:
            current = self._copies.get(key, old)
            if clock.monotonic() - current.made_at < FRESH_SECONDS:
                return current
            plain = {**environ, "REQUEST_METHOD": "GET"}
            plain.pop("HTTP_IF_NONE_MATCH", None)
            status, headers, body, _ = _run(self._app, plain)
            copy = self._store(key, status, headers, body)
            if copy is None and status[:1] == "5" and usable:
                return old
            if copy is None:
                self._copies.pop(key, None)
            return copy
        finally:
            lock.release()

    def _store(self, key: Key, status: str, headers: Headers, body: bytes) -> Copy | None:
        mark = next((value for name, value in headers if name == _MARK), None)
        headers[:] = [pair for pair in headers if pair[0] != _MARK]
        if mark is None or not status.startswith("200"):
            return None
        etag = next(value for name, value in headers if name == "ETag")
        kept = [pair for pair in headers if pair[0] not in ("Content-Length", "Date", "X-Request-Id")]
        kept.append(("Vary", "Accept-Encoding"))
        # Of the making, not of the sending: who gets a 304 takes it as the moment of the count.
        kept.append(("Date", http_date(clock.now())))
        copy = Copy(kept, body, etag, clock.monotonic(), frozenset(mark.split()[1:]))
        with self._lock:
            self._copies[key] = copy
            self._copies.move_to_end(key)
            while len(self._copies) > MOST_COPIES:
                dropped, _ = self._copies.popitem(last=False)
                self._renewing.pop(dropped, None)
        return copy


def _names_any(environ: WSGIEnvironment, names: frozenset[str]) -> bool:
    """Whether the query string carries one of these parameters, read as the application reads it."""
    query = environ.get("QUERY_STRING", "")
    return bool(query and names) and not names.isdisjoint(
        name for name, _ in parse_qsl(query, keep_blank_values=True)
    )


def _encoding(environ: WSGIEnvironment) -> str:
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
    return _best_encoding(accepted) if len(accepted) <= _LONGEST_WISH else ""


@lru_cache(maxsize=128)
def _best_encoding(accepted: str) -> str:
    """Brotli or gzip when the client names it (RFC 9110 §12.5.3); `;q=0` is a refusal."""
    wishes = dict(parse_options_header(wish) for wish in accepted.lower().split(","))
    for encoding in ("br", "gzip"):
        if encoding in wishes and wishes[encoding].get("q", "1").rstrip("0.") != "":
            return encoding
    return ""


def _answer(copy: Copy, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    condition = environ.get("HTTP_IF_NONE_MATCH")
    if condition is not None and _matches(condition, copy.etag):
        start_response("304 NOT MODIFIED", [pair for pair in copy.headers if pair[0] != "Content-Type"])
        return [b""]
    headers, body = copy.encoded(_encoding(environ))
    start_response("200 OK", list(headers))
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _matches(condition: str, etag: str) -> bool:
    """Weak comparison, as RFC 9110 §13.1.2 asks for If-None-Match."""
    bare = etag.removeprefix("W/")
    return condition.strip() == "*" or any(
        part.strip().removeprefix("W/") == bare for part in condition.split(",")
    )


def _run(app: WSGIApp, environ: WSGIEnvironment) -> tuple[str, Headers, bytes, Any]:
    """The whole answer of the application, in memory."""
    seen: dict[str, Any] = {}

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        seen.update(status=status, headers=list(headers), exc_info=exc_info)
        return lambda _data: None

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return seen["status"], seen["headers"], body, seen["exc_info"]
