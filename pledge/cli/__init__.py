"""The command line: `flask --app wsgi …`. `flask db …` is Flask-Migrate's own."""

from flask import Flask

from pledge.cli.audit import audit
from pledge.cli.backup import backup
from pledge.cli.campaign import campaign
from pledge.cli.data_keys import data_keys
from pledge.cli.delivery import delivery
from pledge.cli.demo import demo
from pledge.cli.doctor import doctor
from pledge.cli.export import export
from pledge.cli.ledger import ledger
from pledge.cli.mail import mail
from pledge.cli.retention import retention
from pledge.cli.serve import serve
from pledge.cli.staff import staff
from pledge.cli.totals import totals
from pledge.cli.worker import worker

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
