"""The rules of the house that neither an import contract nor ruff can say (both run in `make lint`)."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from config import ROOT
from pledge.core.db import db

PACKAGE = ROOT / "pledge"
MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def at_fault(rule: Callable[[Path], Any]) -> dict[str, Any]:
    """The modules that break a rule, each with what it does: nothing, when all is well."""
    assert MODULES
    faults = {str(path.relative_to(PACKAGE)): rule(path) for path in MODULES}
    return {name: fault for name, fault in faults.items() if fault}


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all that a module imports, inside functions too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """Names of the methods that a module calls."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def test_every_form_is_one_of_flask_wtf_and_the_public_ones_need_no_session():
    bases = at_fault(
        lambda path: [
            f"{node.name}({base.id})"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ClassDef)
            for base in node.bases
            if isinstance(base, ast.Name)
            and base.id in {"Form", "FlaskForm", "StaffForm", "PublicForm"}
            and base.id
            != {"public": "PublicForm", "staff": "StaffForm"}.get(path.relative_to(PACKAGE / "web").parts[0])
        ]
    )
    assert bases == {"web/forms.py": ["BaseForm(FlaskForm)"]}


#: They say that something is there and not what it is.
EMPTY_NAMES = {"found", "one", "told", "said", "stands"}


def bound_names(path: Path) -> set[str]:
    """Names that a module gives to what it makes: variables, parameters, fields, functions and classes."""
    nodes = list(ast.walk(tree(path)))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return stored | parameters | {node.name for node in nodes if isinstance(node, definitions)}


def test_names_say_what_they_hold():
    places = ("pledge", "tests", "rehearsals", "tools")
    modules = [path for place in places for path in (ROOT / place).rglob("*.py")]
    assert len(modules) > len(MODULES)
    assert [str(path.relative_to(ROOT)) for path in modules if bound_names(path) & EMPTY_NAMES] == []


def test_transactions_end_only_in_the_database_module():
    ending = at_fault(lambda path: {"commit", "rollback"} & set(calls(path)))
    outside = {name for name in ending if not name.startswith("core/db/")}
    assert ending.keys() > outside
    assert not outside, "use pledge.core.db.transaction() or write_autocommit()"


def test_only_the_worker_and_the_commands_send_mail():
    """A request enqueues a mail by a row in the outbox; it does not send."""
    senders = ("smtplib", "pledge.mail.transports", "pledge.mail.services.deliver")

    def sending(path: Path) -> set[str]:
        called = {"deliver", "sendmail", "send_message"} & set(calls(path))
        if path.parent == PACKAGE / "diagnosis":
            # The doctor greets the server to see whether it answers.
            return called | ({"send"} & set(calls(path)))
        return called | {name for name in imports(path) if name.startswith(senders)}

    packages = {Path(name).parts[0] for name in at_fault(sending)}
    assert packages == {"mail", "worker", "cli"}


#: The layers of the import contract, from the top down: for each the names of the packages in it.
LAYERS = [
    frozenset(re.findall(r"\w+", layer))
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    if contract["id"] == "layers"
    for layer in contract["layers"]
]
TABLE_IN_SQL = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+([a-z_]+)")


def depth(package: str) -> int:
    return next(place for place, layer in enumerate(LAYERS) if package in layer)


@cache
def owners() -> dict[str, str]:
    """The package of each table."""
    for path in MODULES:
        if path.name.endswith("models.py"):
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    mappers = db.Model.registry.mappers
    return {mapper.local_table.name: mapper.class_.__module__.split(".")[1] for mapper in mappers}


def tables_of_others(path: Path, package: str) -> set[str]:
    """Tables in the SQL text of a module that belong to a package above its own or beside it."""
    texts = [
        node.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = {table for text in texts for table in TABLE_IN_SQL.findall(text)} & owners().keys()
    return {
        table for table in named if owners()[table] != package and depth(owners()[table]) <= depth(package)
    }


def test_sql_text_names_only_tables_of_its_own_package_and_of_those_below_it():
    """What import-linter cannot see."""
    modules = at_fault(
        lambda path: (
            path.name != "__init__.py"
            and tables_of_others(path, path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
        )
    )
    assert modules == {}
