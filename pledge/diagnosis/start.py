"""Refuse to start in production on a database that could lose acknowledged data.

Every process imports this module, so it imports only the core.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from config import Config, ConfigError
from pledge.core.db import db, reading
from pledge.core.db.failures import describe
from pledge.core.logs import log

#: PostgreSQL settings without which an acknowledged signature can be lost, and the loss if each is off.
DURABILITY = {
    "fsync": "a power cut would lose signatures that people were told are recorded",
    "full_page_writes": "a power cut could leave torn pages that no recovery repairs",
    "synchronous_commit": "a crash would lose signatures that people were told are recorded",
}


def refuse_unsafe_database(config: Config) -> None:
    """Refuse a production start on a PostgreSQL that does not wait for the disk. Raises ConfigError.

    Needs an application context. An unreachable database does not stop the start: the site answers 503 until it is back.
    """
    if not config.is_production or config.uses_sqlite:
        return
    try:
        with reading() as connection:
            fsync = setting(connection, "fsync")
    except SQLAlchemyError as error:
        log.warning("database away at the start", kind=describe(error))
        return
    finally:
        db.engine.dispose()  # a server that forks must not share this connection with its children
    if fsync == "off":
        raise ConfigError(
            [f"PostgreSQL runs with fsync = off: {DURABILITY['fsync']}. Set fsync = on in postgresql.conf."]
        )


def setting(connection: Connection, name: str) -> str:
    """The value of a setting of PostgreSQL."""
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())
