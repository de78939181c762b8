"""What other sites show of a campaign."""

from flask import Flask

from pledge.web.embed import pictures, widget

__all__ = ["pictures", "register", "widget"]  # each module adds its views to the blueprint


def register(app: Flask) -> None:
    app.register_blueprint(widget.embed)
    languages = dict.fromkeys(widget.AREAS, widget.language)
    app.extensions.setdefault("pledge.core.languages", {}).update(languages)
    app.extensions.setdefault("pledge.error_pages", {})["embed"] = lambda _status: "embed/error.html"
