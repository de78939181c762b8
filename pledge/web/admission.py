"""Admission of requests: quick ones are answered quickly however long slow ones take.

The server has many threads, and this middleware lets a few of them into Flask. A request waits for a free slot as long as
others finish. When none has begun or finished for a second (the database does not answer, or all do costly work), or too
many wait already, it is answered 503 at once. `/healthz`, `/metrics` and static files need no slot.

The body is read before that: a slow sender occupies a thread but no slot, and only a limited number of threads may wait for
bodies. Bodies have no deadline here, as a read of granian's cannot be interrupted; nginx has one (docs/adr/0078). The
application reads the body that was read here, so nothing is left on a connection that is used again.
"""

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

#: Of the WEB_THREADS of a process, how many work in Flask at a time; the interpreter runs one at a time anyway.
WORKING = 8
#: How many may wait for a slot, and how many for the rest of a body. The remaining threads stay free.
WAITING = 72
READING = 40

#: Seconds without any request that began or finished, after which waiting ends with 503.
STALLED = 1.0
#: Seconds that a request waits at most.
MAX_WAIT = 10.0
#: Bytes. Larger bodies are kept in a file.
_IN_MEMORY = 256 * 1024

RETRY_AFTER = 5
#: Seconds between lines in the log about refused requests.
LOG_INTERVAL = 1.0
#: Need no slot: one only shows that the process is alive, the other how busy it is.
UNLIMITED = frozenset({"/healthz", "/metrics"})
#: In the WSGI environment: when the request had arrived, in seconds of clock.monotonic().
ARRIVED = "pledge.arrived"

_BUSY = (
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
        working: int = WORKING,
        waiting: int = WAITING,
        reading: int = READING,
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._free = working
        self._may_wait = waiting
        self._changed = threading.Condition()
        self._moved_at = clock.monotonic()
        self._logged_at = 0.0
        self._may_read = threading.BoundedSemaphore(reading)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in UNLIMITED:
            return self._app(environ, start_response)
        length = get_content_length(environ) or 0
        if length == 0 and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._work(environ, start_response)
        limit = MAX_BODY if 0 < length <= MAX_BODY else self._max_body(environ)
        if length > limit:
            return self._work(environ, start_response)  # the application refuses it without reading
        if not self._may_read.acquire(blocking=False):
            return self._refuse_busy(start_response, keeps_connection=False)
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

    def _work(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[ARRIVED] = clock.monotonic()
        if not self._enter():
            return self._refuse_busy(start_response)
        try:
            return self._app(environ, start_response)
        finally:
            self._leave()

    def _refuse_busy(self, start_response: StartResponse, *, keeps_connection: bool = True) -> list[bytes]:
        metrics.refused.inc()
        now = clock.monotonic()
        if now - self._logged_at >= LOG_INTERVAL:
            self._logged_at = now
            log.error("requests refused: all threads are busy")
        return _refuse(start_response, "503 SERVICE UNAVAILABLE", _BUSY, keeps_connection=keeps_connection)

    # --- Slots ---

    def _enter(self) -> bool:
        with self._changed:
            if self._free == 0 and not self._wait_for_slot():
                return False
            self._free -= 1
            self._moved_at = clock.monotonic()
            return True

    def _wait_for_slot(self) -> bool:
        """Wait until a slot is free. False when too many wait already, or no request has begun or finished for a while."""
        until = clock.monotonic() + MAX_WAIT
        if self._may_wait == 0:
            return False
        self._may_wait -= 1
        try:
            while self._free == 0:
                left = min(self._moved_at + STALLED, until) - clock.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True
        finally:
            self._may_wait += 1

    def _leave(self) -> None:
        with self._changed:
            self._free += 1
            self._moved_at = clock.monotonic()
            self._changed.notify()


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
