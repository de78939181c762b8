"""The program with which anyone checks a receipt, a pack or the whole log: the file that packs hold too."""

from flask import Blueprint, Flask, Response, request

from config import ROOT

tool = Blueprint("tool", __name__)

_CACHE = "public, max-age=300, stale-if-error=86400"
_PROGRAM = ROOT / "tools" / "verify.py"


@tool.get("/verify.py")
def program() -> Response:
    """tools/verify.py as it is, to be saved; how to use it is in docs/verify.md and at its head."""
    response = Response(_PROGRAM.read_bytes(), content_type="text/x-python; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=verify.py"
    response.headers["Cache-Control"] = _CACHE
    response.add_etag()
    response.make_conditional(request)
    return response


def register(app: Flask) -> None:
    app.register_blueprint(tool)
