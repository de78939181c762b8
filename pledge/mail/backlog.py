"""How many mails and requests wait, by class. For monitoring: only rows that wait are read."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, literal, select, text, union_all
from sqlalchemy.orm import InstrumentedAttribute

from pledge.core import clock
from pledge.core.db import reading
from pledge.mail.models import AWAITED, FIRST, LAST, MailRequest, OutboxMail

#: The classes by name, each with the predicate of its index (mail/models.py).
CLASSES = {"awaited": AWAITED, "first": FIRST, "last": LAST}


@dataclass(frozen=True)
class Backlog:
    """What waits of one class of mails, or of requests for mails."""

    name: str
    due: int  #: should have gone out by now
    later: int  #: wait for their time: put off, or capped
    oldest_due: datetime | None

    @property
    def age(self) -> float:
        """For how many seconds the oldest has been due; 0 when none is."""
        return 0.0 if self.oldest_due is None else max(0.0, (clock.now() - self.oldest_due).total_seconds())


def outbox_backlog() -> list[Backlog]:
    """The mails that wait, of every class."""
    # Literal, as the predicates of the indexes are: for a bound value neither database would use them.
    parts = [
        _counted(name, OutboxMail.due_at).where(text(f"state = 'queued' AND {which}"))
        for name, which in CLASSES.items()
    ]
    with reading() as connection:
        return [Backlog(*row) for row in connection.execute(union_all(*parts))]


def request_backlog() -> Backlog:
    """The requests for mails that the worker has still to answer."""
    with reading() as connection:
        return Backlog(*connection.execute(_counted("requests", MailRequest.due_at)).one())


def dead_mails() -> int:
    """How many mails were given up and are still stored."""
    query = select(func.count()).select_from(OutboxMail).where(text("state = 'dead'"))
    with reading() as connection:
        return connection.execute(query).scalar_one()


def _counted(name: str, due_at: InstrumentedAttribute[datetime]) -> Select[str, int, int, datetime]:
    is_due = due_at <= clock.now()
    due = func.count(case((is_due, 1)))
    return select(literal(name), due, func.count() - due, func.min(case((is_due, due_at))))
