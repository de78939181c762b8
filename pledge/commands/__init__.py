"""The command line: `flask --app wsgi …`. `flask db …` is Flask-Migrate's own."""

from flask import Flask

from pledge.commands.audit import audit
from pledge.commands.delivery import delivery
from pledge.commands.demo import demo
from pledge.commands.doctor import doctor
from pledge.commands.export import export
from pledge.commands.ledger import ledger
from pledge.commands.mail import mail
from pledge.commands.retention import retention
from pledge.commands.serve import serve
from pledge.commands.staff import staff
from pledge.commands.totals import totals
from pledge.commands.worker import worker

COMMANDS = (audit, delivery, demo, doctor, export, ledger, mail, retention, serve, staff, totals, worker)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
