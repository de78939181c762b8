"""OpenTelemetry traces, if PLEDGE_OTLP_ENDPOINT is set (docs/production.md, "Traces").

Spans name routes, statements and steps (core/spans.py), never a path, an address, a value or a message.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import partial

from flask import Flask, current_app

from config import Config

_STEP = "pledge.traced_step"


def init_app(app: Flask, config: Config) -> None:
    """Trace requests, statements and the worker's steps. Comes before all other hooks and middleware."""
    if config.otlp_endpoint:
        from pledge.core import spans  # noqa: PLC0415  # its packages are optional

        app.extensions[_STEP] = partial(spans.step, spans.start(app, config.otlp_endpoint))


def step(name: str) -> AbstractContextManager[None]:
    """A span around a step of the worker; does nothing if traces are off."""
    start = current_app.extensions.get(_STEP)
    return nullcontext() if start is None else start(name)
