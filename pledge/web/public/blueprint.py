"""The blueprint of the public pages: every address begins with a language."""

from flask import Blueprint

public = Blueprint("public", __name__, url_prefix="/<language:lang>")
