"""The machine door: small JSON documents that anyone may read and any cache may keep."""

from flask import Flask

from pledge.api import campaigns, integrity, organizations
from pledge.api.blueprint import api

__all__ = [
    "campaigns",
    "integrity",
    "organizations",
    "register",
]  # each module adds its views to the blueprint


def register(app: Flask) -> None:
    app.register_blueprint(api)
