"""What answers requests: what every answer carries, the doors, and what stands before Flask."""

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
    register_answers(app, config)
    register_doors(app, config)
    register_front(app, config)


def register_answers(app: Flask, config: Config) -> None:
    """What belongs to every request and to every page."""
    app.wsgi_app = admission.Admission(app.wsgi_app, largest=guards.largest_body(app))  # type: ignore[method-assign]  # Flask's own documented hook
    logs.watch_requests(app)
    headers.init_app(app, config)
    if hops := config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # Flask's own documented hook
    guards.init_app(app, config)
    i18n.init_app(app, config)
    limits.init_app(app, config)
    rendering.init_app(app, config)
    errors.init_app(app)
    caching.init_app(app)


def register_doors(app: Flask, config: Config) -> None:
    public.register(app)
    staff.register(app)
    api.register(app)
    ops.register(app, config)


def register_front(app: Flask, config: Config) -> None:
    """What stands before Flask: only our own names are answered, and static files."""
    static = headers.StaticFiles(app.wsgi_app, config, max_age=60 * 60 * 24 * 365, charset="utf-8")
    static.add_files(str(rendering.STATIC), prefix="static/")
    app.wsgi_app = guards.KnownHosts(static, app.wsgi_app, config)  # type: ignore[method-assign]  # Flask's own documented hook
