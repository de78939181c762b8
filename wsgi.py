"""The WSGI application, for granian and for `flask --app wsgi`."""

import os
import sys

from config import ConfigError

# What a process of ours creates (the SQLite file, the mailbox, pictures, exports) is its user's alone.
os.umask(0o077)

try:
    from pledge import create_app

    app = create_app()
except ConfigError as error:
    # One clear line for each fault instead of a traceback; the value of a secret is never part of it.
    sys.exit("\n".join(f"pledge cannot start: {problem}" for problem in error.problems))
