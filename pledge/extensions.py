"""The Flask extensions, made once and bound to an application in create_app()."""

from flask_babel import Babel
from flask_migrate import Migrate

from pledge.db import db

__all__ = ["babel", "db", "migrate"]

migrate = Migrate(render_as_batch=True, compare_type=True)
babel = Babel()
