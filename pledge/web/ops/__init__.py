"""For the operator: health checks, metrics, and the mailbox of a development machine."""

from flask import Flask

from config import Config
from pledge.web.ops import health, mailbox, metrics


def register(app: Flask, config: Config) -> None:
    app.register_blueprint(health.blueprint)
    metrics.register(app)
    mailbox.register(app, config)
