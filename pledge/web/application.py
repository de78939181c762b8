"""Registers everything that answers requests: common hooks, the public site, the staff area, the API, and the middleware."""

from wsgiref.types import WSGIApplication

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from config import Config
from pledge.core import i18n, logs, tracing
from pledge.web import (
    api,
    caching,
    embed,
    errors,
    limits,
    ops,
    public,
    request_checks,
    routes,
    security_headers,
    staff,
    templating,
)


def register(app: Flask, config: Config) -> None:
    tracing.init_app(app, config)
    logs.watch_requests(app)
    request_checks.init_app(app)
    routes.init_app(app)
    i18n.init_app(app, config)
    caching.init_app(app)
    limits.init_app(app, config)
    templating.init_app(app, config)
    errors.init_app(app)
    public.register(app)
    staff.register(app)
    api.register(app)
    embed.register(app)
    ops.register(app, config)
    add_middleware(app, config)


def add_middleware(app: Flask, config: Config) -> None:
    """The WSGI middleware around Flask, from the innermost to the outermost."""
    inside: WSGIApplication = app.wsgi_app
    if hops := config.trusted_proxies:
        inside = ProxyFix(inside, x_for=hops, x_proto=hops, x_host=0)
    static = WhiteNoise(inside, max_age=60 * 60 * 24 * 365, charset="utf-8")
    static.add_files(str(templating.STATIC), prefix="static/")
    known = request_checks.KnownHosts(static, inside, config)
    app.wsgi_app = security_headers.SecurityHeaders(known, config)  # type: ignore[method-assign]  # Flask's own documented hook
