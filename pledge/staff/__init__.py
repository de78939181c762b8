"""The staff door: behind sign-in, every view with a declared permission."""

from flask import Flask

import pledge.audit.models
import pledge.endorsements.models
import pledge.files.models
import pledge.switches.models  # noqa: F401  # until their screens import them
from pledge.staff.blueprint import staff

__all__ = ["register"]  # each screen's module adds its views when it is imported here


def register(app: Flask) -> None:
    app.register_blueprint(staff)
