"""The half of the application that answers requests: what every answer carries, the doors, and what stands before Flask.

Only create_app() imports it, and only for a process that answers requests (docs/adr/0060).
"""

from flask import Flask

from pledge import admission, api, errors, guards, headers, i18n, limits, logs, ops, public, rendering, staff
from pledge.microcache import MicroCache
from pledge.settings import Settings


def register(app: Flask, settings: Settings) -> None:
    register_answers(app, settings)
    register_doors(app, settings)
    register_front(app, settings)


def register_answers(app: Flask, settings: Settings) -> None:
    """What belongs to every request and to every page."""
    app.wsgi_app = admission.Admission(app.wsgi_app, largest=guards.largest_body(app))  # type: ignore[method-assign]  # Flask's own documented hook
    logs.watch_requests(app)
    headers.init_app(app, settings)
    guards.init_app(app, settings)
    i18n.init_app(app)
    limits.init_app(app, settings)
    rendering.init_app(app, settings)
    errors.init_app(app)


def register_doors(app: Flask, settings: Settings) -> None:
    public.register(app)
    staff.register(app)
    api.register(app)
    ops.register(app, settings)
    limits.protect(app)


def register_front(app: Flask, settings: Settings) -> None:
    """What stands before Flask: static files, then the one-second cache of public pages."""
    cache = MicroCache(app.wsgi_app)
    app.extensions["pledge.microcache"] = cache
    static = headers.StaticFiles(cache, settings, max_age=60 * 60 * 24 * 365, charset="utf-8")
    static.add_files(str(rendering.STATIC), prefix="static/")
    app.wsgi_app = guards.KnownHosts(static, app.wsgi_app, settings)  # type: ignore[method-assign]  # Flask's own documented hook
