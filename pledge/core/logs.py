"""Logs: one JSON object a line in production, readable lines in development; never an address, a name or a token.

Requests are logged by endpoint, not by path, because paths contain tokens. Values under the names in PRIVATE are redacted, in
case somebody logs them by mistake.
"""

import logging
import secrets
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, has_app_context, request

from config import Config
from pledge.core import clock

PRIVATE = frozenset({"email", "address", "to", "name", "token", "code", "ticket", "link", "password"})

log = structlog.get_logger("pledge")


def watch_requests(app: Flask) -> None:
    """Give each request an id and log it when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)


def configure(config: Config) -> None:
    """Send our own events and the records of libraries to standard error, in one format."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        _redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
        if config.is_production
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.ExceptionRenderer(_traceback_without_values), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(config.log_level),
        # One write per line, including its newline: processes that share a pipe would otherwise mix their lines.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            # As for our own events: a library's traceback may contain values too.
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
    """Add the id of the current request to its lines."""
    if has_app_context() and (request_id := g.get("request_id")):
        event.setdefault("request_id", request_id)
    return event


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in PRIVATE.intersection(event):
        event[key] = "[redacted]"
    return event


def _traceback_without_values(exc_info: Any) -> str:
    """The type and place of the exception, without its message, which may quote a person's input."""
    kind, _value, trace = exc_info
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{kind.__module__}.{kind.__qualname__} at " + " < ".join(reversed(frames[-12:]))


def _begin() -> None:
    g.request_id = secrets.token_hex(8)
    g.started = clock.monotonic()


def _end(response: Response) -> Response:
    if "request_id" in g:
        (log.error if response.status_code >= 500 else log.info)(
            "request",
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            ms=round((clock.monotonic() - g.started) * 1000, 1),
        )
        response.headers["X-Request-Id"] = g.request_id
    return response
