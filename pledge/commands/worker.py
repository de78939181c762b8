"""`flask worker`: sends mails and folds the ledger until stopped."""

from typing import cast

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from werkzeug.local import LocalProxy

from pledge.settings import Settings, current
from pledge.worker.loop import Worker


def refuse_without_log_key(settings: Settings) -> None:
    """One clear line instead of a fold that fails for ever."""
    if not settings.log_signing_keys:
        raise click.ClickException(
            "PLEDGE_LOG_KEY is `elsewhere`, but this process is the one that signs the log."
        )


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Send mails and fold the ledger until SIGTERM or Ctrl-C; what is in hand is finished first."""
    refuse_without_log_key(current())
    Worker(cast("LocalProxy[Flask]", current_app)._get_current_object()).run()  # noqa: SLF001  # Flask's own way
