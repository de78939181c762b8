"""The command line's door: `flask --app wsgi …`."""

from flask import Flask

from pledge.commands.audit import audit
from pledge.commands.delivery import delivery
from pledge.commands.delivery_verify import verify
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


def register(app: Flask) -> None:
    app.cli.add_command(audit)
    delivery.add_command(verify)
    app.cli.add_command(delivery)
    app.cli.add_command(demo)
    app.cli.add_command(export)
    app.cli.add_command(doctor)
    app.cli.add_command(ledger)
    app.cli.add_command(mail)
    app.cli.add_command(retention)
    app.cli.add_command(serve)
    app.cli.add_command(staff)
    app.cli.add_command(totals)
    app.cli.add_command(worker)
