"""A pledge and petition signing platform. docs/architecture.md tells the journey of a signature."""

from flask import Flask

from pledge import (
    api,
    commands,
    crypto,
    db,
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
from pledge.diagnosis import refuse_unsafe_database
from pledge.extensions import migrate
from pledge.microcache import MicroCache
from pledge.public.direct import DirectPosts
from pledge.settings import ROOT, Settings, load


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises SettingsError when the settings do not allow a start."""
    settings = settings or load()
    settings.instance_dir.mkdir(parents=True, exist_ok=True)
    app = Flask("pledge", static_folder=None, instance_path=str(settings.instance_dir.resolve()))
    app.extensions["pledge.settings"] = settings
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider's own setting
    register_direct(app)
    register_kernel(app, settings)
    register_doors(app, settings)
    register_front(app, settings)
    with app.app_context():
        refuse_unsafe_database(settings)
    return app


def register_direct(app: Flask) -> None:
    """Right around Flask, before the kernel lays what belongs to every answer around both."""
    app.wsgi_app = DirectPosts(app)  # type: ignore[method-assign]  # Flask's own documented hook


def register_kernel(app: Flask, settings: Settings) -> None:
    logs.init_app(app, settings)
    headers.init_app(app, settings)
    guards.init_app(app, settings)
    crypto.init_app(app, settings)
    db.init_app(app, settings)
    migrate.init_app(app, db.db, directory=str(ROOT / "migrations"))
    i18n.init_app(app)
    limits.init_app(app, settings)
    rendering.init_app(app, settings)
    errors.init_app(app)


def register_doors(app: Flask, settings: Settings) -> None:
    public.register(app)
    staff.register(app)
    api.register(app)
    ops.register(app, settings)
    commands.register(app)


def register_front(app: Flask, settings: Settings) -> None:
    """What stands before Flask: static files, then the one-second cache of public pages."""
    cache = MicroCache(app.wsgi_app)
    app.extensions["pledge.microcache"] = cache
    static = headers.StaticFiles(cache, settings, max_age=60 * 60 * 24 * 365, charset="utf-8")
    static.add_files(str(rendering.STATIC), prefix="static/")
    app.wsgi_app = guards.KnownHosts(static, app.wsgi_app, settings)  # type: ignore[method-assign]  # Flask's own documented hook
