"""The WSGI application, for granian and for `flask --app wsgi`."""

import sys

from pledge import create_app
from pledge.settings import SettingsError

try:
    app = create_app()
except SettingsError as error:
    # One clear line for each fault instead of a traceback; the value of a secret is never part of it.
    sys.exit("\n".join(f"pledge cannot start: {problem}" for problem in error.problems))
