"""Addresses for tests that walk over all routes."""

import re

from werkzeug.routing import Rule

_VALUES = {"language": "ko", "int": 2**20}


def unknown(rule: Rule, name: str, values: dict[str, object] = _VALUES) -> object:
    """A part of an address that names nothing, as its converter takes it; what the route itself gives stays.

    `values` by converter, for tests that ask for something that exists.
    """
    if rule.defaults and name in rule.defaults:
        return rule.defaults[name]
    converter = re.search(rf"<(\w+)(?:\(([^)]*)\))?:{name}>", rule.rule)
    if converter is None:
        return "unknown"
    if converter[1] == "any":  # takes nothing but what it lists
        return converter[2].partition(",")[0].strip()
    return values.get(converter[1], "unknown")
