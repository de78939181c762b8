"""`flask db …`: the commands of Flask-Migrate."""

from importlib import import_module
from typing import Any

import click
from flask.cli import with_appcontext
from flask_migrate.cli import db as theirs

from config import ROOT
from pledge import migrating


class Migrations(click.Group):
    """Runs one of their commands on an application that knows all our tables."""

    def invoke(self, ctx: click.Context) -> Any:
        with_appcontext(_prepare)()
        return super().invoke(ctx)


def _prepare() -> None:
    migrating.prepare()
    # `db migrate` and `db check` compare the database with every table that has been declared: one that nothing had
    # imported would be dropped.
    for file in sorted((ROOT / "pledge").glob("*/*models.py")):
        import_module(f"pledge.{file.parent.name}.{file.stem}")


db = Migrations(
    "db", commands=theirs.commands, params=theirs.params, callback=theirs.callback, help=theirs.help
)
