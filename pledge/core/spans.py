"""OpenTelemetry spans. Imported only if traces are on: the packages are optional (requirements-traces.in).

Attributes are set one by one: the route but not the path, which may contain a token; the text of a statement but not its
values; the type of an error but not its message. OpenTelemetry's instrumentation of Flask records paths and addresses, and
that of SQLAlchemy does not support SQLAlchemy 2.1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from flask import Flask, Response, g, request
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from pledge.core.db import db

#: Key in `Connection.info`: the span of the running statement.
_STATEMENT = "pledge.span"

_STEP = "pledge.step"


def start(app: Flask, endpoint: str) -> Tracer:
    """Start tracing, with the collector at `endpoint`. The SDK's own variables (OTEL_…) apply too."""
    provider = TracerProvider(resource=Resource.create({"service.name": "pledge"}))
    provider.add_span_processor(WholeTraces(BatchSpanProcessor(exporter(endpoint))))
    tracer = provider.get_tracer("pledge")
    _trace_requests(app, tracer)
    with app.app_context():
        _trace_statements(db.engine, tracer)
    return tracer


def exporter(endpoint: str) -> SpanExporter:
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")


@contextmanager
def step(tracer: Tracer, name: str) -> Iterator[None]:
    """A span around a step of the worker."""
    with tracer.start_as_current_span(
        f"worker {name}", attributes={_STEP: name}, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise


def _trace_requests(app: Flask, tracer: Tracer) -> None:
    @app.before_request
    def _begin() -> None:
        route = request.url_rule.rule if request.url_rule else ""
        method = request.method if request.method in ("GET", "HEAD", "POST") else "other"
        g.tracing = tracer.start_as_current_span(
            f"{method} {route}".strip(),
            context=Context(),  # ignore a visitor's `traceparent`
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "http.route": route},
        )
        g.span = g.tracing.__enter__()

    @app.after_request
    def _answer(response: Response) -> Response:
        if "span" in g:
            g.span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= 500:
                g.span.set_status(StatusCode.ERROR)
        return response

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        tracing = g.pop("tracing", None)
        if tracing is not None:
            tracing.__exit__(None, None, None)


def _trace_statements(engine: Engine, tracer: Tracer) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def _begin(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        connection.info[_STATEMENT] = tracer.start_span(
            statement.split(None, 1)[0],
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": engine.dialect.name, "db.query.text": statement},
        )

    @event.listens_for(engine, "after_cursor_execute")
    def _end(connection: Connection, *_: Any) -> None:
        connection.info.pop(_STATEMENT).end()

    @event.listens_for(engine, "handle_error")
    def _fail(failure: ExceptionContext) -> None:
        connection = failure.connection
        span = None if connection is None or connection.invalidated else connection.info.pop(_STATEMENT, None)
        if span is not None:
            span.set_attribute("error.type", type(failure.original_exception).__qualname__)
            span.set_status(StatusCode.ERROR)
            span.end()


class WholeTraces(SpanProcessor):
    """Export a trace when its root ends; drop worker polls that found nothing."""

    def __init__(self, following: SpanProcessor) -> None:
        self._following = following
        self._waiting: dict[int, list[ReadableSpan]] = {}
        self._lock = Lock()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._following.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        with self._lock:
            spans = self._waiting.setdefault(span.context.trace_id, [])
            spans.append(span)
            if span.parent is not None:
                return
            del self._waiting[span.context.trace_id]
        if _is_worth_sending(span, spans[:-1]):
            for ended in spans:
                self._following.on_end(ended)

    def shutdown(self) -> None:
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._following.force_flush(timeout_millis)


def _is_worth_sending(root: ReadableSpan, statements: list[ReadableSpan]) -> bool:
    if root.kind is SpanKind.SERVER:
        return True
    if _STEP not in (root.attributes or {}):
        return False  # a statement outside of requests and steps, such as at the start
    is_idle = all(statement.name.upper() == "SELECT" for statement in statements)
    return not is_idle or root.status.status_code is StatusCode.ERROR
