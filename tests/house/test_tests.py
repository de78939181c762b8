"""Where the tests keep what they share."""

import ast
from collections.abc import Iterator
from pathlib import Path

from config import ROOT

TESTS = ROOT / "tests"
SUPPORT = TESTS / "support"


def helpers(path: Path) -> Iterator[Path]:
    """The modules of the tests that a module imports something from."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tests":
            place = ROOT.joinpath(*node.module.split("."))
            for alias in node.names:
                places = (place / f"{alias.name}.py", place.with_suffix(".py"), place / "__init__.py")
                yield next(found for found in places if found.is_file())


def may_import(path: Path, helper: Path) -> bool:
    is_beside = path.is_relative_to(helper.parent) and not helper.name.startswith(("test_", "conftest"))
    return is_beside or helper.is_relative_to(SUPPORT)


def test_a_test_module_serves_no_other_and_a_helper_only_its_own_folder():
    """What several folders share stands in tests/support."""
    uses = [(path, helper) for path in sorted(TESTS.rglob("*.py")) for helper in helpers(path)]
    assert len(uses) > 100
    assert [
        f"{path.relative_to(TESTS)} imports from {helper.relative_to(TESTS)}"
        for path, helper in uses
        if not may_import(path, helper)
    ] == []


def test_a_page_is_asked_from_outside_until_it_shows_what_is_waited_for():
    """Playwright's `wait_for_function` looks once by DevTools, and then by eval, which the policy of our pages forbids: it
    works only where nothing needs to be waited for.
    """
    waiting = "wait_for_" + "function("
    assert [path.name for path in TESTS.rglob("*.py") if waiting in path.read_text("utf-8")] == []
