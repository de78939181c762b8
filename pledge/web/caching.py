"""Answers that are the same for everybody are cached for a second in this process (Flask-Caching).

In the process and not in Redis: a look-up costs no round trip and depends on nothing else. Each process makes a page at most
once a second: one request renews a copy, the others get the old one meanwhile. nginx shows pages while the database is
away (deploy/nginx.conf, docs/adr/0014).
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import brotli
from cachelib.serializers import BaseSerializer
from flask import Flask, Response, after_this_request, request
from flask_caching import Cache
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import HTTPException

from pledge.core import clock
from pledge.web.routes import Cached, route_of

#: `Cache-Control` of what never changes at its address.
FOR_GOOD = "public, max-age=31536000, immutable"
SECONDS = 1
#: Seconds that an old copy may be shown while a request renews it, for pages renewed every second.
MAX_AGE = 5
MAX_COPIES = 512
#: `Cache-Control` of an answer that is no page (moved, not found). nginx may keep it, so it takes the place of nginx's copy;
#: otherwise the copy would be shown for as long as somebody asks.
REPLACES_COPY = "public, max-age=0, s-maxage=1"
#: Bytes of a body below which compression saves no packet.
MIN_COMPRESSED = 500
COMPRESSIONS = ("br", "gzip")
#: After the name of a copy: one request is renewing it.
_RENEWED = "renewed by one"

View = Callable[..., AnyResponse]

cache = Cache(with_jinja2_ext=False)


@dataclass(frozen=True)
class CachedPage:
    """A cached answer in one encoding."""

    until: float  #: in seconds of clock.monotonic(); the first request after that renews it
    response: AnyResponse


class NoSerializer(BaseSerializer):
    """Keeps the objects themselves: nobody may change what the cache returns.

    To unpickle a campaign takes longer than all else that a page does to find it.
    """

    def dumps(self, value: Any, protocol: int = 0) -> Any:
        return value

    def loads(self, bvalue: Any) -> Any:
        return bvalue


def init_app(app: Flask) -> None:
    options = {"CACHE_THRESHOLD": MAX_COPIES, "CACHE_SERIALIZER": NoSerializer()}
    cache.init_app(app, {"CACHE_TYPE": "SimpleCache", **options})
    app.before_request(answer_from_copy)


def cached(how: Cached) -> Callable[[View], View]:
    """Cache the 200 answers of a GET view, compressed and with an ETag; conditional requests are answered from them."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(**arguments: Any) -> AnyResponse:
            name = _place(how)
            try:
                made = view(**arguments)
                if made.status_code == 200:
                    _describe(made, how.control)
                    made = _encoded(made, _encoding()) if name is None else _keep(name, made, how.seconds)
                    made = made.make_conditional(request)
                else:
                    _replace_copy(made)
                return made
            except HTTPException:
                after_this_request(_replace_copy)
                raise
            finally:
                if name is not None:  # the next renewal is left to somebody else
                    cache.delete(f"{name}{_RENEWED}")

        return answer

    return decorate


def _place(how: Cached) -> str | None:
    """The cache key of this request; None: the view answers it itself."""
    ignored = (request.view_args or {}).get(how.ignores)
    path = request.path.removesuffix(f"/{ignored}") if ignored else request.path
    if how.variant is not None:
        return f"{request.host} {path}?{how.variant()} "
    return f"{request.host} {path} " if request.args.keys().isdisjoint(how.reads) else None


def revalidated(response: Response, cache_control: str) -> Response:
    """An answer that caches along the way keep and this process does not; 304 for who has it already."""
    response.headers["Cache-Control"] = cache_control
    response.add_etag()
    response.make_conditional(request)
    return response


def answer_from_copy() -> AnyResponse | None:
    """The cached copy of the requested page. Comes before the limits: pages that are the same for everybody have none."""
    route = route_of(request.endpoint)
    if route is None or route.cache is None or request.method == "OPTIONS":
        return None
    return _find(_place(route.cache))


def _find(name: str | None) -> AnyResponse | None:
    """The copy of this name; None if there is none, or if this request has to renew it."""
    copy: CachedPage | None = None if name is None else cache.get(name + _encoding())
    if copy is None or (
        clock.monotonic() >= copy.until and cache.add(f"{name}{_RENEWED}", True, timeout=MAX_AGE)
    ):
        return None
    return _copy(copy.response).make_conditional(request)


def _keep(key: str, response: AnyResponse, seconds: int) -> AnyResponse:
    """Store the answer in each encoding, and return it in the one for this request."""
    until = clock.monotonic() + seconds
    encoded = {encoding: _encoded(response, encoding) for encoding in (*COMPRESSIONS, "")}
    copies = {key + encoding: CachedPage(until, copy) for encoding, copy in encoded.items()}
    cache.set_many(copies, timeout=seconds - SECONDS + MAX_AGE)
    return _copy(encoded[_encoding()])


def _describe(response: AnyResponse, cache_control: str) -> None:
    response.headers["Cache-Control"] = cache_control
    response.vary.add("Accept-Encoding")
    response.add_etag(weak=True)
    # The time when it was made, not sent: after a 304 it is taken as the time of the count.
    response.date = clock.now()


def _replace_copy(response: AnyResponse) -> AnyResponse:
    if response.status_code < 500:
        response.headers["Cache-Control"] = REPLACES_COPY
    return response


def _encoded(response: AnyResponse, encoding: str) -> AnyResponse:
    copy = _copy(response)
    body = copy.get_data()
    if encoding and len(body) >= MIN_COMPRESSED and response.mimetype != "image/png":
        copy.set_data(brotli.compress(body, quality=5) if encoding == "br" else gzip.compress(body, 6))
        copy.content_encoding = encoding
    return copy


def _copy(response: AnyResponse) -> AnyResponse:
    """The same answer, for one request to add to its headers."""
    return Response(response.get_data(), headers=response.headers.copy())


def _encoding() -> str:
    """The compression that the client prefers, Brotli without a preference; "" if it accepts none."""
    return request.accept_encodings.best_match(COMPRESSIONS, "")
