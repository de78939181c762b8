"""Building an audit log."""

from sqlalchemy import text

from pledge.audit.models import Actor
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
