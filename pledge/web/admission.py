"""Admission of requests: quick ones are answered quickly however long slow ones take, and too many are refused at once.

The server has many threads, and this middleware lets a few of them into Flask. The others wait for a slot (slots.py), as
long as the deadline of their urgency; what cannot begin by then is answered 503 with `Retry-After` at once. Pages that are the
same for everybody have slots of their own, so they are shown however many sign. In the other slots a form that somebody
sends goes before every page and is refused last. `/metrics` has one slot, as it reads the database and has to be there when
all others are taken; `/healthz` and static files need none.

The body is read before that: a slow sender occupies a thread but no slot, and only a limited number of threads may wait for
bodies. Bodies have no deadline here, as a read of granian's cannot be interrupted; nginx has one (docs/adr/0078). The
application reads the body that was read here, so nothing is left on a connection that is used again.
"""

import re
import tempfile
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import IO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_content_length, get_input_stream

from pledge.core import clock, metrics
from pledge.core.logs import log
from pledge.web.request_checks import MAX_BODY
from pledge.web.slots import Slots, Urgency

#: A form that somebody sends: to sign, to confirm, to withdraw.
FORM = Urgency("form", deadline=3.0, waiting=64)
#: Pages of one person.
PERSONAL = Urgency("personal", deadline=1.5, waiting=76)
#: The staff area.
STAFF = Urgency("staff", deadline=5.0, waiting=7)
#: Costly work that anybody may ask for, each apart: a password hash, and what organisations send, with their pictures.
SIGN_IN = Urgency("sign-in", deadline=5.0, waiting=3)
ENDORSING = Urgency("endorsing", deadline=5.0, waiting=4)
#: Pages that are the same for everybody; mostly a copy is there (caching.py).
PUBLIC = Urgency("public", deadline=1.0, waiting=24)
#: What can be done without: searches, documents and pictures that are made for one request, and the scripts of the pages after
#: signing and confirming, which ask again.
OPTIONAL = Urgency("optional", deadline=0.5, waiting=16)
#: Whoever watches the site, and whoever tries whether they may.
METRICS = Urgency("metrics", deadline=3.0, waiting=1)

#: Of the WEB_THREADS of a process, how many work in Flask at a time; the interpreter runs one at a time anyway.
PERSONAL_SLOTS, STAFF_SLOTS, PUBLIC_SLOTS, OPTIONAL_SLOTS, METRICS_SLOTS = 6, 2, 2, 2, 1
SIGN_IN_SLOTS, ENDORSING_SLOTS = 1, 1
#: How many may wait for the rest of a body. The remaining threads stay free.
READING = 40

_PERSONAL = re.compile(
    r"/(?:[a-z]{2}/(?:confirm|me|unsubscribe|endorse|c/[^/]+/(?:sign|endorse(?!/)|preview))|embed/[^/]+/check)(?:/|$)"
)
_STAFF = re.compile(r"/staff(?:/|$)")
_SIGNING_IN = re.compile(r"/staff/sign-in(?:/|$)")
_ENDORSED = re.compile(r"/[a-z]{2}/(?:c/[^/]+/endorse|endorse/me/[^/]+/correct)$")
_OPTIONAL = re.compile(r"/[a-z]{2}/c/[^/]+/(?:(?:endorse/)?mine|[^/]+\.pdf)$|/share/[^/]+/[^/]+\.png$")

#: Pages that a query makes another one of; elsewhere it is a choice of a page that is kept, or whose link somebody followed.
_SEARCHED = re.compile(r"/organizations$")

#: Bytes. Larger bodies are kept in a file.
_IN_MEMORY = 256 * 1024

RETRY_AFTER = 5
#: Seconds between lines in the log about refused requests.
LOG_INTERVAL = 1.0
#: Needs no slot: it only shows that the process is alive.
UNLIMITED = "/healthz"
#: In the WSGI environment: when the request had arrived, in seconds of clock.monotonic().
ARRIVED = "pledge.arrived"

_BUSY = (
    "지금 요청이 몰려 이 페이지를 바로 보여 드리지 못합니다. 이미 보내신 내용은 그대로 있으니 잠시 뒤에 새로 고쳐 주세요.\n"
    "We are very busy at this moment. What you sent before is kept; please load this page again shortly.\n"
)
_BUSY_FORM = (
    "지금 요청이 몰려 잠시 받지 못했습니다. 보내신 내용은 기록되지 않았으니 잠시 뒤에 다시 시도해 주세요.\n"
    "We are very busy at this moment. What you sent was not recorded; please try again shortly.\n"
)
_BROKEN = (
    "요청이 끝까지 도착하지 않았습니다. 보내신 내용은 기록되지 않았으니 다시 시도해 주세요.\n"
    "Your request did not arrive completely. What you sent was not recorded; please try again.\n"
)


class Admission:
    """WSGI middleware around the application."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        max_body: Callable[[WSGIEnvironment], int] = lambda _: MAX_BODY,
        reading: int = READING,
    ) -> None:
        self._app = app
        self._max_body = max_body
        personal = Slots(PERSONAL_SLOTS, FORM, PERSONAL)
        self._slots = {
            FORM: personal,
            PERSONAL: personal,
            STAFF: Slots(STAFF_SLOTS, STAFF),
            SIGN_IN: Slots(SIGN_IN_SLOTS, SIGN_IN),
            ENDORSING: Slots(ENDORSING_SLOTS, ENDORSING),
            PUBLIC: Slots(PUBLIC_SLOTS, PUBLIC),
            OPTIONAL: Slots(OPTIONAL_SLOTS, OPTIONAL),
            METRICS: Slots(METRICS_SLOTS, METRICS),
        }
        self._logged_at = 0.0
        self._may_read = threading.BoundedSemaphore(reading)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == UNLIMITED:
            return self._app(environ, start_response)
        length = get_content_length(environ) or 0
        if length == 0 and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._work(environ, start_response)
        limit = MAX_BODY if 0 < length <= MAX_BODY else self._max_body(environ)
        if length > limit:
            return self._work(environ, start_response)  # the application refuses it without reading
        if not self._may_read.acquire(blocking=False):
            return self._refuse_busy(environ, start_response, keeps_connection=False)
        try:
            body = _read(environ, length, limit)
        except (ClientDisconnected, OSError):
            return _refuse(start_response, "400 BAD REQUEST", _BROKEN, keeps_connection=False)
        except RequestEntityTooLarge:
            # The request did not say its length; now it does, and the application has the page for it.
            environ["CONTENT_LENGTH"], body = str(limit + 1), BytesIO()
        finally:
            self._may_read.release()
        with body:
            return self._work({**environ, "wsgi.input": body}, start_response)

    def waiting(self) -> int:
        """How many requests wait for a slot."""
        return sum(slots.waiting() for slots in {*self._slots.values()})

    def _work(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[ARRIVED] = clock.monotonic()
        urgency = urgency_of(environ)
        slots = self._slots[urgency]
        if not slots.take(urgency):
            return self._refuse_busy(environ, start_response)
        began = clock.monotonic()
        try:
            return self._app(environ, start_response)
        finally:
            slots.give_back(began)

    def _refuse_busy(
        self, environ: WSGIEnvironment, start_response: StartResponse, *, keeps_connection: bool = True
    ) -> list[bytes]:
        metrics.refused.inc()
        now = clock.monotonic()
        if now - self._logged_at >= LOG_INTERVAL:
            self._logged_at = now
            log.error("requests refused: all threads are busy")
        words = _BUSY_FORM if environ["REQUEST_METHOD"] == "POST" else _BUSY
        return _refuse(start_response, "503 SERVICE UNAVAILABLE", words, keeps_connection=keeps_connection)


def urgency_of(environ: WSGIEnvironment) -> Urgency:
    """How urgent a request is, by its method and address."""
    path = environ.get("PATH_INFO", "")
    if path == "/metrics":
        return METRICS
    is_form = environ["REQUEST_METHOD"] == "POST"
    if _STAFF.match(path):
        return SIGN_IN if is_form and _SIGNING_IN.match(path) else STAFF
    if _OPTIONAL.match(path):
        return OPTIONAL
    if is_form:
        return ENDORSING if _ENDORSED.match(path) else FORM
    if _PERSONAL.match(path):
        return PERSONAL
    is_search = environ.get("QUERY_STRING") and _SEARCHED.search(path)
    return OPTIONAL if is_search else PUBLIC


def _read(environ: WSGIEnvironment, length: int, limit: int) -> IO[bytes]:
    stream = get_input_stream(environ, max_content_length=limit)
    body: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the request reads it
    try:
        while piece := stream.read(64 * 1024):
            body.write(piece)
    except BaseException:
        body.close()
        raise
    if length and body.tell() != length:  # granian ends an interrupted stream without an error
        body.close()
        raise ClientDisconnected
    body.seek(0)
    return body


def _refuse(
    start_response: StartResponse, status: str, text: str, *, keeps_connection: bool = True
) -> list[bytes]:
    body = text.encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Retry-After", str(RETRY_AFTER)),
    ]
    if not keeps_connection:
        headers.append(("Connection", "close"))
    start_response(status, headers)
    return [body]
