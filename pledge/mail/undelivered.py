"""Reads of mails that did not arrive: those that were given up, and what came back for others. None names a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from pledge.core import clock
from pledge.core.db import reading
from pledge.mail.models import OutboxMail, Returned

_TABLE = OutboxMail.__table__.c
#: Literal, as the predicates of the indexes are.
_DEAD = text("state = 'dead'")
_RETURNED = text("returned IS NOT NULL")


@dataclass(frozen=True)
class DeadLetter:
    id: int
    kind: str
    lang: str
    attempts: int
    created_at: datetime
    last_error: str | None
    returned: Returned | None
    returned_status: str | None


def dead_letters(limit: int | None = None, before: int | None = None) -> list[DeadLetter]:
    """The mails that were given up, newest first; nothing in them names a person."""
    columns = (
        *(_TABLE.id, _TABLE.kind, _TABLE.lang, _TABLE.attempts, _TABLE.created_at),
        *(_TABLE.last_error, _TABLE.returned, _TABLE.returned_status),
    )
    query = select(*columns).where(_DEAD).order_by(_TABLE.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_TABLE.id < before)
    with reading() as connection:
        return [DeadLetter(*row) for row in connection.execute(query)]


def returned_counts(within: timedelta) -> dict[Returned, int]:
    """How many of the mails of this time came back, or were complained of."""
    query = (
        select(_TABLE.returned, func.count())
        .where(_RETURNED, _TABLE.created_at >= clock.now() - within)
        .group_by(_TABLE.returned)
    )
    with reading() as connection:
        return {Returned(returned): number for returned, number in connection.execute(query)}
