"""Settings, routes and commands travel with their documentation, both ways: nothing missing, nothing left over."""

import re
from collections.abc import Iterator

import click
import pytest
from flask import Flask

from config import ROOT, Config

DOCS = ROOT / "docs"


@pytest.fixture
def any_app(shared_app: Flask) -> Flask:
    """The same routes and commands on either database."""
    return shared_app


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
def test_every_route_is_described(any_app):
    routes = {re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", str(rule)) for rule in any_app.url_map.iter_rules()}
    described = {
        word for words in words_in_code("routes.md") for word in words.split() if word.startswith("/")
    }
    described = {re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", word) for word in described}
    assert routes - described == set(), "not in docs/routes.md"
    assert {word for word in described - routes if not word.startswith("/static/")} == set(), "no such route"


@pytest.mark.sqlite_only
def test_every_command_is_described(any_app):
    ours = {name for name in commands(any_app.cli) if not name.startswith("db ")}  # `db` is Flask-Migrate's
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
    assert len(rows) > 25
    assert [row for row in rows if "`" not in row] == []
    paths = [
        path for text in (table, recipes) for path in re.findall(r"`([\w.-]+(?:/[\w.-]*)+|config\.py)`", text)
    ]
    assert len(paths) > 50
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_task_of_make_is_in_its_help():
    tasks = re.findall(r"^([a-z-]+):(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert tasks
    assert [task for task, rest in tasks if "##" not in rest] == []
