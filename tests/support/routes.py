"""Addresses for tests that walk over all routes, and rules that are compiled once for all applications of a run."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter, NumberConverter


def unknown(rule: Rule, name: str) -> object:
    """A part of an address that names nothing, as its converter takes it."""
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 2**20 if isinstance(converter, NumberConverter) else "unknown"


def remember_builders() -> None:
    """Let werkzeug compile the functions that build addresses once for each rule, not for each application again.

    A run makes some 400 applications, and this was an eighth of what its processes had to do. What is compiled depends
    on nothing but the parts of the rule that are named here.
    """
    compiled: dict[tuple[object, ...], Callable[..., Any]] = {}
    compile_builder = Rule._compile_builder

    def remembered(rule: Rule, append_unknown: bool = True) -> Callable[..., Any]:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    # Werkzeug has no setting for it. Should the name go away, every run fails here at once.
    Rule._compile_builder = remembered  # type: ignore[method-assign]
