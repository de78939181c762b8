"""The command line: `flask --app wsgi …`. `flask db …` is Flask-Migrate's own."""

from flask import Flask

from pledge.cli import audit, campaigns, deliveries, ledger, operations, serve, staff

COMMANDS = (
    *(audit.audit, ledger.ledger, staff.staff),
    *(campaigns.campaign, campaigns.demo),
    *(deliveries.delivery, deliveries.export, deliveries.totals),
    *(operations.backup, operations.data_keys, operations.doctor, operations.mail, operations.retention),
    *(serve.serve, serve.worker),
)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
