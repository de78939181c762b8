"""For the operator: health checks, metrics, the webhook for bounces, and the mailbox of a development machine."""

from flask import Flask

from config import Config
from pledge.web.ops import health, mail_hook, mailbox, metrics


def register(app: Flask, config: Config) -> None:
    app.register_blueprint(health.blueprint)
    metrics.register(app)
    app.register_blueprint(mail_hook.blueprint)
    mailbox.register(app, config)
