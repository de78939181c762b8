"""For the operator: health checks, and the mailbox of a development machine."""

from flask import Flask

from config import Config
from pledge.web.ops import health, mailbox


def register(app: Flask, config: Config) -> None:
    app.register_blueprint(health.blueprint)
    mailbox.register(app, config)
