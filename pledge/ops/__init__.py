"""The operator's door: is it alive, is it ready, and the mailbox of a development machine."""

from flask import Flask

from pledge.ops import health, mailbox
from pledge.settings import Settings


def register(app: Flask, settings: Settings) -> None:
    app.register_blueprint(health.blueprint)
    mailbox.register(app, settings)
