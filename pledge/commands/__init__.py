"""The command line's door: `flask --app wsgi …`."""

from flask import Flask

from pledge.commands.lazy import LazyGroup

MODULES = {
    name: f"pledge.commands.{name}"
    for name in (
        *(
            "audit",
            "db",
            "delivery",
            "demo",
            "doctor",
            "export",
            "ledger",
            "mail",
            "retention",
            "serve",
            "staff",
        ),
        *("totals", "worker"),
    )
}


def register(app: Flask) -> None:
    app.cli = LazyGroup(app.name, MODULES)
