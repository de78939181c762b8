"""What answers requests: what every request meets, the public site, the staff area, the API, and the middleware."""

from wsgiref.types import WSGIApplication

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config
from pledge import (
    admission,
    api,
    caching,
    errors,
    guards,
    headers,
    i18n,
    limits,
    logs,
    ops,
    public,
    rendering,
    staff,
)


def register(app: Flask, config: Config) -> None:
    logs.watch_requests(app)
    guards.init_app(app)
    i18n.init_app(app, config)
    limits.init_app(app, config)
    rendering.init_app(app, config)
    errors.init_app(app)
    caching.init_app(app)
    public.register(app)
    staff.register(app)
    api.register(app)
    ops.register(app, config)
    add_middleware(app, config)


def add_middleware(app: Flask, config: Config) -> None:
    """What a request passes before Flask, from the inside out."""
    inside: WSGIApplication = admission.Admission(app.wsgi_app, max_body=guards.max_body(app))
    inside = headers.SecurityHeaders(inside, config)
    if hops := config.trusted_proxies:
        inside = ProxyFix(inside, x_for=hops, x_proto=hops, x_host=0)
    static = headers.StaticFiles(inside, config, max_age=60 * 60 * 24 * 365, charset="utf-8")
    static.add_files(str(rendering.STATIC), prefix="static/")
    app.wsgi_app = guards.KnownHosts(static, inside, config)  # type: ignore[method-assign]  # Flask's own documented hook
