"""The rules of the house that an import contract cannot say (the contracts run in `make lint`)."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from config import ROOT
from pledge.core.db import db

PACKAGE = ROOT / "pledge"
ENTRY_POINTS = ("web", "cli", "worker")
DOMAIN_PACKAGES = sorted(
    path.parent.name
    for path in PACKAGE.glob("*/__init__.py")
    if path.parent.name not in (*ENTRY_POINTS, "core")
)
MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def at_fault(rule: Callable[[Path], Any]) -> dict[str, Any]:
    """The modules that break a rule, each with what it does: nothing, when all is well."""
    assert len(MODULES) > len(DOMAIN_PACKAGES)
    found = {str(path.relative_to(PACKAGE)): rule(path) for path in MODULES}
    return {name: fault for name, fault in found.items() if fault}


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all that a module imports, inside functions too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import hides where things come from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """Names of the methods that a module calls."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


@pytest.mark.parametrize("package", DOMAIN_PACKAGES)
def test_a_domain_package_knows_no_http_and_no_command_line(package):
    for path in sorted((PACKAGE / package).rglob("*.py")):
        outside = {name.split(".")[0] for name in imports(path)} & {"flask", "flask_wtf", "wtforms", "click"}
        assert not outside, f"{path.relative_to(ROOT)} imports {outside}"


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


def test_transactions_end_only_in_the_database_module():
    ending = at_fault(lambda path: {"commit", "rollback"} & set(calls(path)))
    outside = {name for name in ending if not name.startswith("core/db/")}
    assert ending.keys() > outside
    assert not outside, "use pledge.core.db.transaction() or write_autocommit()"


def test_only_the_worker_and_the_commands_send_mail():
    """A request enqueues a mail by a row in the outbox; it does not send."""
    senders = ("smtplib", "pledge.mail.transports", "pledge.mail.transports", "pledge.mail.services.deliver")

    def sending(path: Path) -> set[str]:
        called = {"deliver", "sendmail", "send_message"} & set(calls(path))
        if path.parent == PACKAGE / "diagnosis":
            # The doctor greets the server to see whether it answers.
            return called | ({"send"} & set(calls(path)))
        return called | {name for name in imports(path) if name.startswith(senders)}

    found = {Path(name).parts[0] for name in at_fault(sending)}
    assert found == {"mail", "worker", "cli"}


def test_only_the_configuration_reads_the_environment():
    def reads(path: Path) -> set[str]:
        used = {
            f"os.{node.attr}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
        }
        return (used | set(imports(path))) & {"os.environ", "os.environb", "os.getenv", "os.getenvb"}

    assert at_fault(reads) == {}
    assert not reads(ROOT / "wsgi.py")
    assert reads(ROOT / "conftest.py"), "it reads the environment, and must be noticed"


def test_the_configuration_imports_nothing_of_ours():
    found = {name.split(".")[0] for name in imports(ROOT / "config.py")}
    assert "pydantic_settings" in found
    assert not found & {"pledge", "wsgi"}


def test_a_module_says_what_it_is_for():
    assert at_fault(lambda path: not ast.get_docstring(tree(path))) == {}


def test_only_the_clock_reads_the_time():
    """A test that moves the clock must move all of the site."""
    readers = {"datetime.now", "datetime.utcnow", "time.time", "date.today"}
    found = at_fault(
        lambda path: (
            {
                f"{node.func.value.id}.{node.func.attr}"
                for node in ast.walk(tree(path))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
            }
            & readers
        )
    )
    assert found.keys() == {"core/clock.py"}, "use pledge.core.clock"


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
    found = at_fault(
        lambda path: (
            path.name != "__init__.py"
            and tables_of_others(path, path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
        )
    )
    assert found == {}


def test_a_table_of_a_package_above_is_noticed_in_sql_text(tmp_path):
    module = tmp_path / "reaching_up.py"
    module.write_text(
        'A = f"SELECT 1 FROM campaigns"\nB = "SELECT 1 FROM ledger_entries JOIN audit_entries"\n'
    )
    assert tables_of_others(module, "ledger") == {"campaigns"}
    assert tables_of_others(module, "campaigns") == set()


def test_nothing_but_packages_stands_at_the_root():
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]
