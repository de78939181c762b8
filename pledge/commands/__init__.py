"""The command line's door: `flask --app wsgi …`."""

from flask import Flask

from pledge.commands.lazy import LazyGroup

#: Each command stands in the module of its name.
NAMES = "audit db delivery demo doctor export ledger mail retention serve staff totals worker".split()
MODULES = {name: f"pledge.commands.{name}" for name in NAMES}


def register(app: Flask) -> None:
    app.cli = LazyGroup(app.name, MODULES)
