"""Building an audit log, and the hands of somebody who can step past its guards."""

from typing import Any

from sqlalchemy import text

from pledge.audit.models import Actor
from pledge.audit.services import note
from pledge.db import db

MODERATOR = Actor(7, "moderator@pledge.example", "203.0.113.7")


def acts(number: int) -> None:
    """That many entries, told apart by their subject."""
    for place in range(1, number + 1):
        note(MODERATOR, "endorsement.publish", f"endorsement:{place}", reason="all in order", level="domain")


def as_superuser(*statements: str, **values: Any) -> None:
    """Run statements with the guards away, as an insider could who owns the database."""
    db.session.rollback()
    with db.engine.begin() as connection:
        if db.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(text(statement), values)
            connection.exec_driver_sql("SET session_replication_role = DEFAULT")
            return
        guards = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        for name, _ in guards:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(text(statement), values)
        for _, sql in guards:
            connection.exec_driver_sql(sql)


def ids() -> list[int]:
    with db.engine.connect() as connection:
        return list(connection.execute(text("SELECT id FROM audit_entries ORDER BY id")).scalars())
