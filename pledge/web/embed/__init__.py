"""What other sites show of a campaign."""

from flask import Flask

from pledge.web.embed import share_image
from pledge.web.embed.blueprint import embed

__all__ = ["register", "share_image"]  # each module adds its views to the blueprint


def register(app: Flask) -> None:
    app.register_blueprint(embed)
