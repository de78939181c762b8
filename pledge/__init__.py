"""A pledge and petition signing platform. docs/architecture.md tells the journey of a signature."""

from flask import Flask

from config import Config
from pledge import commands, db, logs
from pledge.diagnosis.start import refuse_unsafe_database


def create_app(config: Config | None = None, *, answers_requests: bool = True) -> Flask:
    """The application. Raises ConfigError when the settings do not allow a start.

    Without `answers_requests` it is what commands and the worker need: settings, logs, database, commands; no address
    of the site leads anywhere in it.
    """
    config = config or Config.load()
    config.instance_dir.mkdir(parents=True, exist_ok=True)
    app = Flask("pledge", static_folder=None, instance_path=str(config.instance_dir.resolve()))
    app.extensions["pledge.config"] = config
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider's own setting
    logs.configure(config)
    db.init_app(app, config, has_deadlines=answers_requests)
    commands.register(app)
    if answers_requests:
        # Here and not above: screens, forms and sign-in are half of what the whole site needs of memory and of the time
        # to start, and a command shows none of them (docs/adr/0060).
        from pledge import web  # noqa: PLC0415

        web.register(app, config)
    with app.app_context():
        refuse_unsafe_database(config)
    return app
