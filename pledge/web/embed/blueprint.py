"""The blueprint of what other sites show. Its addresses begin with no language; `lang` in the query names it."""

from flask import Blueprint, Response, request

from pledge.core import languages

embed = Blueprint("embed", __name__)

#: First parts of its addresses whose language is named by the query.
AREAS = ("embed", "badge", "oembed")


def language() -> str:
    """The language that the query names, else the first one of the site: never that of the visitor's browser, so that what
    is cached is the same for everybody."""
    lang = request.args.get("lang", "")
    return lang if lang in languages.codes() else languages.default()


@embed.after_request
def open_to_all(response: Response) -> Response:
    """Pages of other sites may load it, also those that isolate themselves (COEP)."""
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
