"""Writes the tables of docs/routes.md from what each page and each act declares: `make routes`."""

import inspect
import re
from collections.abc import Collection
from pathlib import Path

from flask import Flask

from config import ROOT
from pledge import create_app
from pledge.web.routes import Ask, Route, routes_of

PAGE = ROOT / "docs" / "routes.md"
#: Before the tables, which are written anew; the words above it are by hand.
BEGINS = "<!-- Written by `make routes`: -->"
#: Blueprints by the heading of their table.
AREAS = {
    "Pages": ("short", "public", "discovery", "files"),
    "For programs and other sites": ("api", "log", "tool", "embed"),
    "Staff": ("staff",),
    "For the operator": ("ops", "metrics", "hooks", "mailbox"),
}
#: Areas whose readers do not read the code: their tables also say what each address is.
DESCRIBED = ("For programs and other sites", "For the operator")
#: Seconds for which nearly every copy is kept: the page says it once.
USUAL_SECONDS = "5"
_ASKS = {
    Ask.CONFIRMATION: "confirmation",
    Ask.REASON: "reason",
    Ask.FACTOR: "second factor",
    Ask.SIGN_IN: "sign-in",
}


def page(app: Flask) -> str:
    """The page as it ought to be."""
    head = PAGE.read_text("utf-8").partition(BEGINS)[0]
    tables = [
        f"## {area}\n\n{_table(app, blueprints, described=area in DESCRIBED)}\n"
        for area, blueprints in AREAS.items()
    ]
    return head + BEGINS + "\n\n" + "\n".join(tables)


def _table(app: Flask, blueprints: Collection[str], *, described: bool) -> str:
    lines = ["| Address | What | Declares | In |", "|---|---|---|---|"]
    if not described:
        lines = ["| Address | Declares | In |", "|---|---|---|"]
    for endpoint, route in routes_of(app).items():
        blueprint = app.blueprints[endpoint.partition(".")[0]]
        if blueprint.name in blueprints:
            for rule in route.rules:
                path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", f"{blueprint.url_prefix or ''}{rule}")
                what = [_what(route)] if described else []
                cells = [f"{_methods(route)}`{path}`", *what, _declared(route), _place(route)]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _methods(route: Route) -> str:
    return "" if route.methods == ("GET",) else f"{', '.join(route.methods)} "


def _what(route: Route) -> str:
    """The first sentence about the view."""
    text = " ".join((inspect.getdoc(route.view) or "").partition("\n\n")[0].split())
    return re.split(r"[:;] |\. (?=[A-Z])", text)[0].rstrip(".").replace("|", "\\|")


def _declared(route: Route) -> str:
    """What it needs, asks, and is limited to."""
    asked = [words for ask, words in _ASKS.items() if route.asks and ask in route.asks]
    words = [*([str(route.needs)] if route.needs else []), *asked]
    if route.limit:
        name = route.limit.amount.__name__.removesuffix("_limit")
        words.append(f"limit *{name}*{' of misses' if route.limit.deduct_when else ''}")
    if route.body and route.body.one_click:
        words.append("one click")
    elif route.body:
        size = route.body.size
        words.append("larger by a setting" if callable(size) else f"up to {size // 1000:,} kB")
    if route.cache:
        seconds = re.findall(r"(?:s-maxage|max-age)=(\d+)", route.cache.control)[-1]
        words.append("cached" if seconds == USUAL_SECONDS else f"cached {seconds} s")
    return ", ".join(words)


def _place(route: Route) -> str:
    """The file in pledge/ and the function, whose name is that of the endpoint."""
    file = Path(inspect.getfile(route.view)).relative_to(ROOT / "pledge")
    return f"`{file}` {route.view.__name__}"


if __name__ == "__main__":
    PAGE.write_text(page(create_app()), "utf-8")
