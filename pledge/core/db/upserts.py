"""INSERT … ON CONFLICT of many rows, which SQLAlchemy has for each database by itself."""

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from pledge.core.db import Model


def insert_into(connection: Connection, model: type[Model]) -> postgresql.Insert | sqlite.Insert:
    """INSERT of the connection's dialect, which has ON CONFLICT."""
    return sqlite.insert(model) if connection.dialect.name == "sqlite" else postgresql.insert(model)
