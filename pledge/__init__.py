"""A pledge and petition signing platform. docs/architecture.md tells the journey of a signature."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from config import Config, ConfigError
from pledge import cli
from pledge.core import db, logs
from pledge.core.db import migrations
from pledge.diagnosis.start import refuse_unsafe_database
from pledge.ledger.witnesses import check_policy
from pledge.web import application


class Site(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: no view and no hook is a coroutine, and Flask would look at a dozen for each request."""
        return func

    def log_exception(self, exc_info: Any) -> None:
        """What no error page could be made for; Flask's own would write the path, which may hold a token."""
        logs.log.error("unhandled error", exc_info=exc_info)


def create_app(config: Config | None = None) -> Flask:
    """The application. Raises ConfigError when the settings do not allow a start."""
    config = config or Config.load()
    check_policy(config)
    app = new_app(config)
    logs.configure(config)
    db.init_app(app, config)
    migrations.init_app(app)
    cli.register(app)
    application.register(app, config)
    with app.app_context():
        refuse_unsafe_database(config)
    return app


def new_app(config: Config) -> Flask:
    try:
        config.instance_dir.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise ConfigError([f"PLEDGE_INSTANCE_DIR: {config.instance_dir} cannot be made."]) from None
    app = Site("pledge", static_folder=None, instance_path=str(config.instance_dir.resolve()))
    app.extensions["pledge.config"] = config
    app.json.sort_keys = False  # type: ignore[attr-defined]  # settings of the default provider itself
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Korean is half as long in UTF-8 as in escapes
    # Where there is no request, as in the worker, `url_for` makes the addresses of this site.
    app.config["SERVER_NAME"] = urlsplit(config.base_url).netloc
    return app
