"""The public door: pages in Korean and English, without a cookie."""

from flask import Flask, redirect, url_for
from werkzeug import Response

from pledge import errors, i18n
from pledge.files.services import StorageAway
from pledge.public import confirming, home, links, own, signing, waiting
from pledge.public.blueprint import public
from pledge.public.files import files

__all__ = ["confirming", "home", "links", "own", "register", "signing", "waiting"]  # each adds its views


def register(app: Flask) -> None:
    app.register_blueprint(public)
    app.register_blueprint(files)
    app.register_error_handler(StorageAway, away)
    app.add_url_rule("/", "root", root)


def root() -> Response:
    """To the visitor's language; the answer differs by header, so caches must know."""
    response = redirect(url_for("public.home", lang=i18n.wanted_language()))
    response.headers["Vary"] = "Accept-Language"
    return response


def away(error: Exception) -> Response:
    """The storage of files does not answer: to be tried again, like a database that is away."""
    return errors.on_database_away(error)
