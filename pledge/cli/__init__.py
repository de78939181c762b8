"""The command line: `flask --app wsgi …`. `flask db …` is Flask-Migrate's own."""

from flask import Flask

from pledge.cli.audit import audit
from pledge.cli.campaigns import campaign, demo
from pledge.cli.deliveries import delivery, export, totals
from pledge.cli.ledger import ledger
from pledge.cli.operations import backup, data_keys, doctor, mail, retention
from pledge.cli.serve import serve, worker
from pledge.cli.staff import staff

COMMANDS = (
    audit,
    backup,
    campaign,
    data_keys,
    delivery,
    demo,
    doctor,
    export,
    ledger,
    mail,
    retention,
    serve,
    staff,
    totals,
    worker,
)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
