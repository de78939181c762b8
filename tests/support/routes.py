"""Addresses for tests that walk over all routes."""

import re

from werkzeug.routing import Rule

_VALUES = {"language": "ko", "int": 2**20}


def unknown(rule: Rule, name: str) -> object:
    """A part of an address that names nothing, as its converter takes it; what the route itself gives stays."""
    if rule.defaults and name in rule.defaults:
        return rule.defaults[name]
    converter = re.search(rf"<(\w+)(\(.*?\))?:{name}>", rule.rule)
    return _VALUES.get(converter[1], "unknown") if converter else "unknown"
