"""Addresses for tests that walk over all routes."""

import re
import secrets
from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

#: Parts of an address that are a key to something: who has it can act.
TOKENS = ("token", "ticket")

_VALUES = {"language": "ko", "int": 2**20, "int32": 2**20, "int64": 2**20}


def unknown(rule: Rule, name: str, values: dict[str, object] = _VALUES) -> object:
    """A part of an address that names nothing, as its converter takes it.

    `values` by converter, for tests that ask for something that exists.
    """
    converter = re.search(rf"<(\w+)(?:\(([^)]*)\))?:{name}>", rule.rule)
    if converter is None:
        return "unknown"
    if converter[1] == "any":  # takes nothing but what it lists
        return converter[2].partition(",")[0].strip()
    return values.get(converter[1], "unknown")


def token_routes(app: Flask, host: str = "localhost") -> Iterator[tuple[str, str, str]]:
    """Method, address and the key in it, for every route that takes one; each key is used once."""
    adapter = app.url_map.bind(host)
    for rule in app.url_map.iter_rules():
        if not any(name in rule.arguments for name in TOKENS):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            key = secrets.token_urlsafe(33)
            values = {
                name: key if name in TOKENS else "blue-skies" if name == "slug" else unknown(rule, name)
                for name in rule.arguments
            }
            yield method, adapter.build(rule.endpoint, values, method=method), key
