"""The command line: `flask --app wsgi …`. `flask db …` is Flask-Migrate's own."""

from flask import Flask

from pledge.cli import campaigns, logs, operations, serve, staff

COMMANDS = (
    *(logs.audit, logs.ledger, staff.staff),
    *(campaigns.campaign, campaigns.demo, campaigns.delivery, campaigns.export, campaigns.totals),
    *(operations.backup, operations.data_keys, operations.doctor, operations.mail, operations.retention),
    *(serve.serve, serve.worker),
)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
