"""The two POSTs of a launch day, answered right before Flask when nothing about them is out of the ordinary.

A right sign form and the button of a good link get the answer that `signing.py` and `confirming.py` give, from the same
rules, without the work of a request in Flask, which is more than that of the rules (docs/adr/0056). Everything else is
handed on as it came: a mistake in the form, a limit that is reached, a link that leads nowhere, an error. What is said
then, Flask's views alone say.
"""

import re
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from pledge import errors, guards, limits, links, logs
from pledge.public import signing
from pledge.public.forms import read_entry
from pledge.public.switched import sign_limit
from pledge.signatures import services as signatures
from pledge.signatures.identifiers import read_confirm_token
from pledge.tokens import BadToken

Fields = dict[str, str]
#: Takes language, slug or token, fields and the request; gives where to go next, or None to hand the request on.
Act = Callable[[str, str, Fields, WSGIEnvironment], str | None]


class DirectPosts:
    """WSGI middleware around Flask, inside what finds the visitor's address and adds the security headers."""

    def __init__(self, flask: Flask) -> None:
        self._flask = flask
        self._views: WSGIApplication = flask.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = self._answer(environ) if environ["REQUEST_METHOD"] == "POST" else None
        if headers is None:
            return self._views(environ, start_response)
        start_response("303 SEE OTHER", headers)
        return [b""]

    def _answer(self, environ: WSGIEnvironment) -> list[tuple[str, str]] | None:
        """The headers of the 303; None when Flask shall answer."""
        road = _road(environ.get("PATH_INFO", ""))
        fields = guards.ordinary_form(environ) if road else None
        if road is None or fields is None:
            return None
        endpoint, act, lang, named = road
        with self._flask.app_context():
            logs.begin()
            try:
                location = act(lang, named, fields, environ)
            except Exception as error:  # noqa: BLE001  # whatever it is, its page is made where all errors become pages
                errors.met(environ, error)
                return None
            if location is None:
                return None
            request_id = logs.end("POST", endpoint, 303)
        return [*_HEADERS, ("Location", location), ("X-Request-Id", request_id)]


def _road(path: str) -> tuple[str, Act, str, str] | None:
    """Endpoint, act, language, and the slug or token of an address that is answered here."""
    for pattern, endpoint, act in _ROADS:
        found = pattern.fullmatch(path)
        if found is not None:
            return endpoint, act, found[1], found[2]
    return None


def _sign(lang: str, slug: str, fields: Fields, environ: WSGIEnvironment) -> str | None:
    entry = read_entry(fields)
    if entry is None:
        return None
    network = limits.network_of(environ.get("REMOTE_ADDR", ""))
    if not limits.count_early(environ, sign_limit(), network, signing.sign_post):
        return None
    try:
        ticket = signatures.sign(signing.submission(slug, lang, entry, network))
    except (signatures.SigningPaused, signatures.CampaignNotOpen):
        return None
    return links.check_path(lang, slug, ticket)


def _confirm(lang: str, token: str, _fields: Fields, _environ: WSGIEnvironment) -> str | None:
    try:
        signature_id, seq, expired = read_confirm_token(token)
    except BadToken:
        return None
    if expired or not signatures.confirm(signature_id, seq):
        return None
    return links.confirm_path(lang, token)


#: What Flask puts on an empty 303; a test holds both answers against each other.
_HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "0")]

_ROADS: tuple[tuple[re.Pattern[str], str, Act], ...] = (
    (re.compile(r"/(ko|en)/c/([a-z0-9-]{1,80})/sign"), "public.sign_post", _sign),
    (re.compile(r"/(ko|en)/confirm/([A-Za-z0-9_.-]{1,512})"), "public.confirm_post", _confirm),
)
