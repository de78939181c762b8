"""The API for programs: small JSON documents that anyone may read and any cache may keep."""

from flask import Flask

from pledge.web.api.campaigns import api
from pledge.web.api.log import log, tool


def register(app: Flask) -> None:
    app.register_blueprint(api)
    app.register_blueprint(log)
    app.register_blueprint(tool)
