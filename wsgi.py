"""The WSGI application, for granian and for `flask --app wsgi`."""

import atexit
import gc
import os
import sys

# What is loaded stays to the end: to look through it for garbage, again and again while it grows and once more at the
# end, took a third of what a process needs that does little.
gc.disable()

# What a process of ours creates (the SQLite file, the mailbox, pictures, exports) is its user's alone.
os.umask(0o077)

import click  # noqa: E402
from flask.cli import ScriptInfo  # noqa: E402

from config import ConfigError  # noqa: E402
from pledge import create_app  # noqa: E402
from pledge.db import db  # noqa: E402

#: Flask's own commands that serve the site or look at its addresses.
WITH_ADDRESSES = ("run", "routes", "shell")


def answers_requests() -> bool:
    """Whether this process needs the whole site. One that `flask` started for a command of ours does not."""
    context = click.get_current_context(silent=True)
    # Granian's command line is made with click as well, so it is asked whether this one is Flask's.
    if context is None or context.find_object(ScriptInfo) is None:
        return True
    return context.find_root().invoked_subcommand in WITH_ADDRESSES


try:
    app = create_app(answers_requests=answers_requests())
except ConfigError as error:
    # One clear line for each fault instead of a traceback; the value of a secret is never part of it.
    sys.exit("\n".join(f"pledge cannot start: {problem}" for problem in error.problems))
finally:
    gc.freeze()
    gc.enable()


@atexit.register
def close_connections() -> None:
    """Nobody looks for garbage at the end. The last to close SQLite moves what its log holds into the file itself."""
    with app.app_context():
        db.engine.dispose()
