"""The numbers of the staff's first page: today, what waits, when the ledger was last recounted."""

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select

from pledge import clock
from pledge.audit import queries as audit
from pledge.db import reading
from pledge.delivery.windows import first_since
from pledge.endorsements import review
from pledge.i18n import SEOUL
from pledge.ledger import queries as ledger
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.ledger.queries import Count
from pledge.mail import queries as mail
from pledge.mail.queries import Outbox


@dataclass(frozen=True)
class Day:
    """What happened to people or organisations since midnight in Seoul."""

    confirmed: int  #: organisations: published
    withdrawn: int
    invalidated: int
    reinstated: int

    @property
    def net(self) -> int:
        return self.confirmed - self.withdrawn - self.invalidated + self.reinstated


@dataclass(frozen=True)
class Today:
    """One campaign's day so far."""

    count: Count
    people: Day
    organizations: Day


@dataclass(frozen=True)
class Recount:
    """The last `flask ledger recount`."""

    at: datetime
    differences: int
    repaired: int


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody or something."""

    review: int  #: organisations whose application or correction nobody has decided
    review_since: datetime | None
    outbox: Outbox
    fold_lag: float  #: seconds
    recount: Recount | None  #: None when it never ran


def today(campaign_id: int) -> Today:
    """The count of a campaign and what moved it today, folded or not."""
    midnight = datetime.combine(clock.now().astimezone(SEOUL).date(), time(), SEOUL)
    entries = LedgerEntry.__table__.c
    found: dict[tuple[str, str], int] = {}
    with reading() as connection:
        first = first_since(connection, entries.id, entries.occurred_at, midnight)
        query = (
            select(entries.kind, entries.reason, func.count())
            .where(entries.id >= first, entries.campaign_id == campaign_id)
            .group_by(entries.kind, entries.reason)
        )
        for kind, reason, number in connection.execute(query):
            found[kind, reason] = number
    return Today(ledger.count(campaign_id), _day(found, Kind.PERSON), _day(found, Kind.ORGANIZATION))


def waiting() -> Waiting:
    review_count, review_since = review.waiting()
    return Waiting(review_count, review_since, mail.outbox(), ledger.lag(), last_recount())


def last_recount() -> Recount | None:
    """From the audit log, where the command notes what it found."""
    line = audit.last("ledger.recount", "ledger")
    if line is None:
        return None
    details = json.loads(line.details)
    return Recount(line.at, details["differences"], details["repaired"])


def age(since: datetime | None) -> timedelta:
    """How long ago; nothing for what never was."""
    return timedelta() if since is None else max(timedelta(), clock.now() - since)


def _day(found: dict[tuple[str, str], int], kind: Kind) -> Day:
    return Day(
        confirmed=found.get((kind, Reason.CONFIRMED), 0),
        withdrawn=found.get((kind, Reason.WITHDRAWN), 0),
        invalidated=found.get((kind, Reason.INVALIDATED), 0),
        reinstated=found.get((kind, Reason.REINSTATED), 0),
    )
