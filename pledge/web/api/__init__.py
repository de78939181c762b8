"""The API for programs: small JSON documents that anyone may read and any cache may keep."""

from flask import Flask

from pledge.web.api import breakdowns, campaigns, integrity, log, openapi, organizations, paper, tool
from pledge.web.api.blueprint import api

__all__ = [
    "breakdowns",
    "campaigns",
    "integrity",
    "log",
    "openapi",
    "organizations",
    "paper",
    "register",
    "tool",
]  # each module adds its views to the blueprint


def register(app: Flask) -> None:
    app.register_blueprint(api)
    log.register(app)
    tool.register(app)
