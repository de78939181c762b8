"""The Flask extensions, made once and bound to an application in create_app()."""

from flask_babel import Babel
from flask_limiter import Limiter
from flask_migrate import Migrate

from pledge.db import db
from pledge.limits import client_network

__all__ = ["babel", "db", "limiter", "migrate"]

migrate = Migrate(render_as_batch=True, compare_type=True)
babel = Babel()
# `swallow_errors` matters only for what is counted after a view, when Redis goes in between: one wrong link is not
# counted, which beats an error page. A look before a view turns to the counters in process first.
limiter = Limiter(key_func=client_network, headers_enabled=False, swallow_errors=True)
