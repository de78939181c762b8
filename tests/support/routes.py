"""Addresses for tests that walk over all routes."""

from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter, NumberConverter


def unknown(rule: Rule, name: str) -> object:
    """A part of an address that names nothing, as its converter takes it."""
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 2**20 if isinstance(converter, NumberConverter) else "unknown"
