"""`flask worker`: sends mails and folds the ledger until stopped."""

from typing import cast

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from werkzeug.local import LocalProxy

from config import current_config
from pledge.cli.log_key import refuse_without_log_key
from pledge.worker.loop import Worker


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Send mails and fold the ledger until SIGTERM or Ctrl-C; running steps are finished first."""
    refuse_without_log_key(current_config())
    Worker(cast("LocalProxy[Flask]", current_app)._get_current_object()).run()  # noqa: SLF001  # Flask's own way
