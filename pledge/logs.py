"""Logs: one JSON object a line in production, readable lines in development; never an address, a name or a token.

Requests are logged by endpoint, not by path, because paths carry tokens. What a caller puts into an event under one of
the names in PRIVATE is replaced, as a second fence behind "do not log it".
"""

import json
import logging
import secrets
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog
from flask import Flask, Response, g, has_app_context, request

from config import Config
from pledge import clock

PRIVATE = frozenset({"email", "address", "to", "name", "token", "code", "ticket", "link", "password"})

log = structlog.get_logger("pledge")

_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


def watch_requests(app: Flask) -> None:
    """Give each request an id, and write its line when it is answered."""
    app.before_request(begin)
    app.after_request(_end)


def configure(config: Config) -> None:
    """Send our own events and the libraries' records to standard error in one form."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        _stamp,
        _add_request_id,
        _redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(_json)
        if config.is_production
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.ExceptionRenderer(_traceback_without_values), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(config.log_level),
        # One write for each line, its end included: two processes that share a pipe would tear what comes in two.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    request_log.cache_clear()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            # Like our own: a library's traceback quotes values too.
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(_traceback_without_values),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _add_request_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every line written while a request is answered carries its id."""
    if has_app_context() and (request_id := g.get("request_id")):
        event.setdefault("request_id", request_id)
    return event


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in event:
        if key in PRIVATE:
            event[key] = "[redacted]"
    return event


def _traceback_without_values(exc_info: Any) -> str:
    """Where it happened and of what kind; the message is left out, since it may quote a person's input."""
    kind, _value, trace = exc_info
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{kind.__module__}.{kind.__qualname__} at " + " < ".join(reversed(frames[-12:]))


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=repr)


def _json(event: Any, **_options: Any) -> str:
    return _ENCODER.encode(event)


@lru_cache(maxsize=1)
def request_log() -> Any:
    """The logger of requests, put together once, with no more steps than its line needs.

    Its id is given, no name in it is private, and it quotes no error, so nothing looks for those in each of them.
    """
    configured = structlog.get_config()
    steps = [structlog.processors.add_log_level, _stamp, configured["processors"][-1]]
    return structlog.wrap_logger(configured["logger_factory"](), processors=steps).bind()


def begin() -> None:
    """A request begins: it gets an id and a start."""
    g.request_id = secrets.token_hex(8)
    g.started = clock.monotonic()


def end(method: str, endpoint: str | None, status: int) -> str:
    """Write the line of a request that had a beginning; its id, for the answer."""
    request_id: str = g.request_id
    level = "error" if status >= 500 else "info"
    getattr(request_log(), level)(
        "request",
        request_id=request_id,
        method=method,
        endpoint=endpoint,
        status=status,
        ms=round((clock.monotonic() - g.started) * 1000, 1),
    )
    return request_id


def _end(response: Response) -> Response:
    if "request_id" in g:
        response.headers["X-Request-Id"] = end(request.method, request.endpoint, response.status_code)
    return response
