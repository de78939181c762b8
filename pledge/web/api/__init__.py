"""The API for programs: small JSON documents that anyone may read and any cache may keep."""

from flask import Flask, request

from config import SOURCE_LANGUAGE
from pledge.core import languages
from pledge.web.api import campaigns, documents, log

__all__ = ["campaigns", "documents", "log", "register"]  # each module adds its views to a blueprint


def language() -> str:
    """The language of errors: one of the site that the program asks for, else English."""
    return request.accept_languages.best_match((SOURCE_LANGUAGE, *languages.codes()), SOURCE_LANGUAGE)


def register(app: Flask) -> None:
    for area in ("api", "log"):
        app.extensions.setdefault("pledge.core.languages", {})[area] = language
    app.register_blueprint(documents.api)
    app.register_blueprint(log.log)
    app.register_blueprint(log.tool)
