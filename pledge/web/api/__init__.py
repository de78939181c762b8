"""The API for programs: small JSON documents that anyone may read and any cache may keep."""

from flask import Flask

from pledge.web.api import campaigns, documents, log

__all__ = ["campaigns", "documents", "log", "register"]  # each module adds its views to a blueprint


def register(app: Flask) -> None:
    app.register_blueprint(documents.api)
    app.register_blueprint(log.log)
    app.register_blueprint(log.tool)
