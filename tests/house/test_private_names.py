"""Libraries are used by their documented interface: no name that begins with an underscore is theirs.

What an object is cannot be told from the text. So a private name is at fault where it stands on an imported name of a
library, and where no file of ours defines it.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from config import ROOT

FOLDERS = ("pledge", "tools", "migrations", "bench", "tests")
FILES = sorted(
    [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    + [ROOT / "wsgi.py", ROOT / "config.py"]
)
OURS = {*FOLDERS, "wsgi", "config"}

#: Documented in spite of the underscore: rows of SQLAlchemy and named tuples, werkzeug's LocalProxy.
DOCUMENTED = {"_mapping", "_asdict", "_replace", "_fields", "_get_current_object"}

#: Functions that take the name of an attribute as text.
BY_TEXT = {"getattr", "setattr", "hasattr", "delattr", "attrgetter", "patch", "object"}


def is_private(name: str) -> bool:
    return name.startswith("_") and name != "_" and not name.endswith("__") and name not in DOCUMENTED


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def definitions(module: ast.Module) -> Iterator[str]:
    """Names that a module gives to something of its own: functions, classes, variables, and attributes of `self`."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.Attribute(value=ast.Name(id="self" | "cls"), ctx=ast.Store()):
                yield node.attr


@cache
def all_definitions() -> frozenset[str]:
    return frozenset(name for path in FILES for name in definitions(tree(path)))


def from_libraries(module: ast.Module) -> Iterator[tuple[str, str]]:
    """What a module imports from others' packages: the name that it has here, and its dotted name there."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found = [(alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
        else:
            continue
        yield from (names for names in found if names[1].split(".")[0] not in OURS)


def uses(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Private attributes that a module touches: the text of the object, and the name."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            yield ast.unparse(node.value), node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in BY_TEXT:
            texts = [
                it.value for it in node.args if isinstance(it, ast.Constant) and isinstance(it.value, str)
            ]
            for text in texts:
                owner, _, name = text.rpartition(".")
                if is_private(name):
                    yield owner or ast.unparse(node.args[0]), name


def foreign_private_names(module: ast.Module) -> list[str]:
    imported = dict(from_libraries(module))
    known = all_definitions() | set(definitions(module))
    found = [dotted for dotted in imported.values() if any(is_private(part) for part in dotted.split("."))]
    for owner, name in uses(module):
        parts = owner.split(".")
        # `flask.ctx._x`, but not `current_app.extensions["ours"]._x`.
        is_foreign = all(part.isidentifier() for part in parts) and parts[0] in imported
        if is_foreign or name not in known:
            found.append(f"{owner}.{name}")
    return found


def test_no_private_name_of_a_library_is_used():
    found = {str(path.relative_to(ROOT)): foreign_private_names(tree(path)) for path in FILES}
    assert len(found) > len(FOLDERS)
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from flask.app import _make_timedelta", "flask.app._make_timedelta"),
        ("import flask_limiter._extension", "flask_limiter._extension"),
        ("from flask_limiter._limits import RouteLimit", "flask_limiter._limits.RouteLimit"),
        ("from werkzeug.routing import Rule\nRule._known = 1\n_known = 2", "Rule._known"),
        ("import psycopg as driver\ndriver.pq._known()\ndef _known(): pass", "driver.pq._known"),
        ("def look(client): return client._cookies", "client._cookies"),
        ("class Mine(Theirs):\n    def go(self): return self._of_the_base", "self._of_the_base"),
        ("def look(rule): return getattr(rule, '_of_werkzeug', None)", "rule._of_werkzeug"),
        ("import os\ndef test(monkeypatch): monkeypatch.setattr(os, '_exit', None)", "os._exit"),
        ("import os\ndef test(monkeypatch): monkeypatch.setattr('os._exit', None)", "os._exit"),
    ],
)
def test_a_private_name_of_a_library_is_found(text, name):
    assert foreign_private_names(ast.parse(text)) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import Row\ndef look(row): return row._mapping, row._asdict()",
        "from flask import current_app\ndef look(): current_app.extensions['ours']._copies\n_copies = 1",
        "class Mine:\n    def __init__(self): self._kept = 1\n    def look(self): return self._kept",
        "from flask_babel import gettext as _\n_('text')",
        "import os\nos.__name__",
    ],
)
def test_private_names_of_our_own_and_documented_ones_of_libraries_are_allowed(text):
    assert foreign_private_names(ast.parse(text)) == []
