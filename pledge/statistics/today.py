"""One line about today: "12 people from Busan today". Nobody can be recognised by it, nor by comparing it with the next.

A line names the region with the most people of the Korean day, of those that merging small cells leaves (cells.py); the people
from everywhere else are at least as many as a cell must have. Another line replaces it only an hour later at the
earliest, after changes of at least twenty people, and when the number of the same region stays or moves by a whole cell.
So the difference of two lines is always that of a crowd. A day without such a region has no line.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import Connection, func, select, union_all
from sqlalchemy.orm import Session

from pledge.campaigns.models import Campaign, CampaignState
from pledge.core import clock
from pledge.core.countries import REGIONS
from pledge.core.db import reading, transaction
from pledge.core.i18n import SEOUL
from pledge.ledger.models import Kind, LedgerEntry, LedgerHead, LedgerPlace
from pledge.statistics.breakdowns import NO_REGION
from pledge.statistics.cells import MIN_CELL, merge_small
from pledge.statistics.models import RegionToday
from pledge.statistics.windows import first_since

#: Time and people between two lines of a campaign.
BETWEEN_LINES = timedelta(hours=1)
MIN_CHANGED = 20


@dataclass(frozen=True)
class TodayLine:
    region: str
    people: int


def line(campaign_id: int) -> TodayLine | None:
    """The line to show now; None when there is none about today."""
    query = select(RegionToday.region, RegionToday.people).where(
        RegionToday.campaign_id == campaign_id, RegionToday.day == _today()
    )
    with reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else TodayLine(row.region, row.people)


def renew() -> int:
    """Write another line for each open campaign where it may follow the last one; how many were written."""
    query = select(Campaign.id).where(Campaign.state == CampaignState.OPEN).order_by(Campaign.id)
    with reading() as connection:
        open_ones = list(connection.scalars(query))
    return sum(_renew(campaign_id) for campaign_id in open_ones)


def _renew(campaign_id: int) -> bool:
    with transaction() as session:
        # Two workers come one after the other; who signs is not held up (FOR NO KEY UPDATE).
        session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True))
        last = session.get(RegionToday, campaign_id)
        if last is not None and clock.now() < last.made_at + BETWEEN_LINES:
            return False
        head = session.scalar(select(LedgerHead.size).where(LedgerHead.campaign_id == campaign_id)) or 0
        if people_changed(session, campaign_id, 0 if last is None else last.number, head) < MIN_CHANGED:
            return False
        day = _today()
        found = _largest(session.connection(), campaign_id, head)
        if found is None:
            return False
        if last is not None and (last.day, last.region) == (day, found.region):
            moved = abs(found.people - last.people)
            if 0 < moved < MIN_CELL:
                return False
        session.merge(
            RegionToday(
                campaign_id=campaign_id,
                made_at=clock.now(),
                number=head,
                day=day,
                region=found.region,
                people=found.people,
            )
        )
    return True


def people_changed(session: Session, campaign_id: int, after: int, head: int) -> int:
    """People with an entry in this part of the log; a correction is two entries of one person."""
    query = select(func.count(LedgerEntry.subject_id.distinct())).where(
        LedgerEntry.campaign_id == campaign_id,
        LedgerEntry.kind == Kind.PERSON,
        LedgerEntry.number > after,
        LedgerEntry.number <= head,
    )
    return session.scalar(query) or 0


def _largest(connection: Connection, campaign_id: int, head: int) -> TodayLine | None:
    """The region with the most people of today that may be told."""
    midnight = datetime.combine(clock.now().astimezone(SEOUL).date(), time(), SEOUL)
    entry, place = LedgerEntry.__table__.c, LedgerPlace.__table__.c
    of_today = (
        entry.campaign_id == campaign_id,
        entry.kind == Kind.PERSON,
        entry.id >= first_since(connection, entry.id, entry.occurred_at, midnight),
        entry.occurred_at >= midnight,
        entry.number <= head,
    )
    # Most people tell their region after confirming: that moves those who signed today, and nobody else.
    moves = select(place.region, place.delta).where(
        place.campaign_id == campaign_id,
        place.id >= first_since(connection, place.id, place.occurred_at, midnight),
        place.size < head,
        place.subject_id.in_(select(entry.subject_id).where(*of_today)),
    )
    told = union_all(select(entry.region, entry.delta).where(*of_today), moves).subquery()
    query = select(told.c.region, func.sum(told.c.delta)).group_by(told.c.region)
    cells = {region or NO_REGION: int(people) for region, people in connection.execute(query)}
    shown = merge_small(cells).shown
    regions = [TodayLine(key, people) for key, people in shown.items() if key in REGIONS]
    if not regions:
        return None
    found = max(regions, key=lambda one: (one.people, one.region))
    return found if sum(cells.values()) - found.people >= MIN_CELL else None


def _today() -> str:
    return clock.now().astimezone(SEOUL).date().isoformat()
