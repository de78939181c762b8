"""Walks the site to learn of each route where it leads somewhere, what its view reads, and which forms are sent to it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

from rehearsals.hostile.forms import Form, forms_of
from tests.support.staff import csrf_token
from tests.support.world import PART, World, built

#: Who sends a request: nobody that the site knows, and a member of staff with every right.
ANYBODY, STAFF = "anybody", "staff"
#: What a form holds that no page shows in this world.
NOT_SHOWN = ("why", "reason")


@dataclass
class Route:
    """A route with parts that lead somewhere, and what is known of what it reads."""

    rule: Rule
    parts: dict[str, str]
    parameters: set[str]
    #: With who sees it.
    forms: list[tuple[str, Form]]

    @property
    def visitors(self) -> list[str]:
        return [ANYBODY, STAFF] if self.rule.rule.startswith("/staff") else [ANYBODY]

    def path(self, **other: str) -> str:
        """Its address; `other` are percent-encoded values of parts."""
        parts = {name: quote(value, safe="") for name, value in self.parts.items()} | other
        return PART.sub(lambda match: parts[match[1]], self.rule.rule)

    def methods(self, *names: str) -> list[str]:
        return [name for name in names if name in (self.rule.methods or ())]


def survey(app: Flask, known: World, visitors: Mapping[str, FlaskClient]) -> list[Route]:
    """All routes of the application. Staff open every page; the other visitors open those of the sign-in, which staff do not
    get to see.
    """
    match = app.url_map.bind("localhost").match
    parts = {rule.rule: next(known.parts(rule)) for rule in app.url_map.iter_rules()}
    forms: dict[str, dict[tuple[str, str], tuple[str, Form]]] = defaultdict(dict)
    with _noted_parameters(app) as parameters:
        for rule, address, page, visitor, of in _pages(app, known, visitors):
            if visitor == STAFF and page.status_code == 200:
                parts[rule.rule] = of
            if page.status_code != 200 or page.mimetype != "text/html":
                continue
            for form in forms_of(page.text, address):
                endpoint, _ = match(form.action, method="POST")
                sees = visitor if endpoint.startswith("staff.") else ANYBODY
                forms[endpoint].setdefault((sees, " ".join(sorted(form.names))), (sees, form))
            for form in forms_of(page.text, address, "get"):
                parameters[match(form.action)[0]] |= set(form.names)
    hidden = {"csrf_token": csrf_token(app), **dict.fromkeys(NOT_SHOWN, "")}
    routes = []
    for rule in app.url_map.iter_rules():
        shown = list(forms[rule.endpoint].values()) if "POST" in (rule.methods or ()) else []
        if "POST" in (rule.methods or ()) and not shown:
            sees = STAFF if rule.endpoint.startswith("staff.") else ANYBODY
            shown = [(sees, Form(built(rule, parts[rule.rule]), hidden))]
        routes.append(Route(rule, parts[rule.rule], parameters[rule.endpoint], shown))
    return routes


def _pages(app, known, visitors):
    """Every page, with each value of its parts."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        for of in known.parts(rule):
            address = built(rule, of)
            for visitor, client in visitors.items():
                if visitor == STAFF or address.startswith("/staff/"):
                    yield rule, address, client.get(address, buffered=True), visitor, of


@contextmanager
def _noted_parameters(app: Flask) -> Iterator[dict[str, set[str]]]:
    """The names of the parameters that views ask for, by endpoint."""
    asked: dict[str, set[str]] = defaultdict(set)

    class Noting(ImmutableMultiDict):
        def __getitem__(self, key):
            asked[request.endpoint or ""].add(key)
            return super().__getitem__(key)

        def __contains__(self, key):
            asked[request.endpoint or ""].add(key)
            return super().__contains__(key)

        def getlist(self, key, type=None):  # noqa: A002  # werkzeug calls it so
            asked[request.endpoint or ""].add(key)
            return super().getlist(key, type)

    plain = app.request_class
    app.request_class = type("NotingRequest", (plain,), {"parameter_storage_class": Noting})
    yield asked
    app.request_class = plain
