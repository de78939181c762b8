"""Settings, routes and commands travel with their documentation, both ways: nothing missing, nothing left over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from config import ROOT, Config
from tools import routes

DOCS = ROOT / "docs"
DOCUMENTS = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("bench/*.md")]


def words_in_code(name: str) -> list[str]:
    """What stands between backticks in a document, and each line of its code blocks."""
    text = (DOCS / name).read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [span.strip() for span in spans] + [
        line.strip() for block in blocks for line in block.splitlines()
    ]


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name


def test_every_setting_is_described():
    named = set(re.findall(r"PLEDGE_[A-Z_]+", (DOCS / "settings.md").read_text("utf-8")))
    assert named == {f"PLEDGE_{name.upper()}" for name in Config.model_fields}


@pytest.mark.sqlite_only
def test_the_list_of_routes_is_what_the_routes_declare(shared_app):
    """After a change: `make routes`."""
    assert routes.PAGE.read_text("utf-8") == routes.page(shared_app)


@pytest.mark.sqlite_only
def test_every_command_is_described(shared_app):
    ours = {
        name for name in commands(shared_app.cli) if not name.startswith("db ")
    }  # `db` is Flask-Migrate's
    described = [
        word.removeprefix("flask ").removeprefix("--app wsgi ") for word in words_in_code("commands.md")
    ]
    missing = {
        name for name in ours if not any(re.match(rf"{re.escape(name)}(\s|$)", word) for word in described)
    }
    assert ours
    assert missing == set()
    assert any(word.startswith("db upgrade") for word in described)


def test_every_path_of_where_is_exists():
    """The table "Where is …?" in docs/architecture.md, and the recipes of docs/development.md."""
    table = (DOCS / "architecture.md").read_text("utf-8").partition("## Where is …?")[2].partition("\n## ")[0]
    recipes = (DOCS / "development.md").read_text("utf-8").partition("## Recipes")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    assert [row for row in rows if "`" not in row] == []
    paths = [
        path for text in (table, recipes) for path in re.findall(r"`([\w.-]+(?:/[\w.-]*)+|config\.py)`", text)
    ]
    assert len(paths) > 50
    assert [path for path in paths if not (ROOT / path).exists()] == []


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings of a document."""
    without_code = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_between_the_documents_is_valid():
    links = [
        (document, link)
        for document in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text("utf-8"))
    ]
    assert len(links) > 100

    def is_valid(document: Path, link: str) -> bool:
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        return target.exists() and (not anchor or anchor in anchors(target))

    assert [(document.name, link) for document, link in links if not is_valid(document, link)] == []


def test_every_file_named_in_a_document_exists():
    """By its path from the root, from pledge/ or from docs/."""
    named = [
        (document.name, path)
        for document in DOCUMENTS
        for path in re.findall(r"`([\w@-]+(?:/[\w.@-]+)+\.\w+)`", document.read_text("utf-8"))
    ]
    assert len(named) > 150
    folders = (ROOT, ROOT / "pledge", DOCS)
    assert [name for name in named if not any((folder / name[1]).exists() for folder in folders)] == []


def test_every_test_named_in_a_document_exists():
    """As `tests/house/test_documentation.py::test_every_test_named_in_a_document_exists`."""
    named = [
        (document.name, *match)
        for document in DOCUMENTS
        for match in re.findall(r"`((?:tests|rehearsals)/[\w/]+\.py)::(\w+)`", document.read_text("utf-8"))
    ]
    assert len(named) > 150
    functions = {
        (place, node.name)
        for place in {place for _, place, _ in named if (ROOT / place).exists()}
        for node in ast.walk(ast.parse((ROOT / place).read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert [reference for reference in named if reference[1:] not in functions] == []


def test_every_document_named_in_the_code_exists():
    folders = ("pledge", "deploy", "tools", "tests", "rehearsals", "migrations")
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    texts = [path.read_text("utf-8", errors="ignore") for path in [ROOT / "config.py", *files]]
    named = {name for text in texts for name in re.findall(r"docs/(adr/\d{4}|[a-z-]+\.md)", text)}
    assert len(named) > 20
    assert [name for name in sorted(named) if not list(DOCS.glob(f"{name}*"))] == []


def test_the_index_of_decisions_names_each_by_its_title():
    """In docs/adr/README.md."""
    records = {path.name: path.read_text("utf-8") for path in (DOCS / "adr").glob("[0-9]*.md")}
    assert len(records) > 20
    index = (DOCS / "adr" / "README.md").read_text("utf-8")
    assert sorted(re.findall(r"^- \[(.+)\]\((.+)\)$", index, re.MULTILINE)) == sorted(
        (text.splitlines()[0].removeprefix("# "), name) for name, text in records.items()
    )


def test_every_task_of_make_is_in_its_help():
    tasks = re.findall(r"^([a-z-]+):(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert tasks
    assert [task for task, rest in tasks if "##" not in rest] == []
