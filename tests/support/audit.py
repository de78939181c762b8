"""Building an audit log."""

from sqlalchemy import select, text

from pledge.audit.models import Actor, AuditEntry
from pledge.audit.services import note
from pledge.core.db import db

MODERATOR = Actor(7, "moderator@pledge.example", "203.0.113.7")


def acts(number: int) -> None:
    """That many entries, told apart by their subject."""
    for place in range(1, number + 1):
        note(MODERATOR, "endorsement.publish", f"endorsement:{place}", reason="all in order", level="domain")


def ids() -> list[int]:
    with db.engine.connect() as connection:
        return list(connection.execute(text("SELECT id FROM audit_entries ORDER BY id")).scalars())


def actions(prefix: str = "") -> list[str]:
    """What was recorded, in order: the actions that begin so."""
    query = select(AuditEntry.action).where(AuditEntry.action.startswith(prefix)).order_by(AuditEntry.id)
    with db.engine.connect() as connection:
        return list(connection.execute(query).scalars())
