"""Languages are data: no code knows one of them by name, and no column stands for one."""

import ast
import re
from pathlib import Path

from config import ROOT
from pledge.core.db import db

PACKAGE = ROOT / "pledge"
#: Of the languages that the project comes with.
CODE = "(?:ko|en)"
#: A name or a text that says a language: `name_ko`, `"en"`, `ko.md`.
NAMED = re.compile(rf"(?:^|[_.]){CODE}(?:$|[_.])")
#: The same in sources that are no Python: a text, a part of a name, a member of an object.
NAMED_IN_SOURCE = re.compile(rf"""_{CODE}\b|["']{CODE}["']|\.{CODE}\b""")


def python_names(path: Path) -> set[str]:
    """The names and texts of a module that say a language; its docstrings may."""
    tree = ast.parse(path.read_text("utf-8"))
    prose = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            names.add(node.value)
        for name in ("id", "attr", "arg", "name"):
            names.add(str(getattr(node, name, "")))
    return {name for name in names if NAMED.search(name) and " " not in name}


def sources() -> list[Path]:
    """Templates of pages, scripts of the browser, and the look of the letter."""
    pages = [path for path in (PACKAGE / "templates").rglob("*.html") if "mail" not in path.parts]
    return [*pages, *(PACKAGE / "static" / "js").rglob("*.js"), *PACKAGE.rglob("*.typ")]


def test_no_module_names_a_language():
    modules = {
        str(path.relative_to(ROOT)): names for path in PACKAGE.rglob("*.py") if (names := python_names(path))
    }
    assert modules == {}


def test_no_template_script_or_typesetting_names_a_language():
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sources()}
    assert len(texts) > 100
    files = {name: names for name, text in texts.items() if (names := set(NAMED_IN_SOURCE.findall(text)))}
    assert files == {}


def test_no_column_stands_for_a_language():
    columns = [str(column) for table in db.metadata.tables.values() for column in table.columns]
    assert len(columns) > 100
    assert [name for name in columns if re.search(rf"_{CODE}$", name)] == []
