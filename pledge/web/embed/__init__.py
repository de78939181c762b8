"""What other sites show of a campaign."""

from flask import Flask

from pledge.web.embed import badge, number_card, oembed, script, share_image, widget
from pledge.web.embed.blueprint import AREAS, embed, language

__all__ = [
    "badge",
    "number_card",
    "oembed",
    "register",
    "script",
    "share_image",
    "widget",
]  # each module adds its views to the blueprint


def register(app: Flask) -> None:
    app.register_blueprint(embed)
    app.extensions.setdefault("pledge.core.languages", {}).update(dict.fromkeys(AREAS, language))
    app.extensions.setdefault("pledge.error_pages", {})["embed"] = lambda _status: "embed/error.html"
