"""tools/verify.py for download: it checks a receipt, a pack or the whole log, and is part of each pack."""

from flask import Blueprint, Flask, Response, request

from config import ROOT

tool = Blueprint("tool", __name__)

_CACHE = "public, max-age=300, stale-if-error=86400"
_PROGRAM = ROOT / "tools" / "verify.py"


@tool.get("/verify.py")
def program() -> Response:
    """tools/verify.py as it is, for saving; docs/verify.md and its docstring say how to use it."""
    response = Response(_PROGRAM.read_bytes(), content_type="text/x-python; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=verify.py"
    response.headers["Cache-Control"] = _CACHE
    response.add_etag()
    response.make_conditional(request)
    return response


def register(app: Flask) -> None:
    app.register_blueprint(tool)
