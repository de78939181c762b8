"""What everybody may see of regions and countries: a stored state of the log, seldom renewed, and one line about today.

Nobody can be recognised by them, nor by comparing one with the next: whoever reads them again and again sees a crowd move and
never one person, though the total beside them is live. Another state, or another line, follows an hour later at the earliest,
and after changes of at least twenty people.

The line ("12 people from Busan today") names the region with the most people of the Korean day, of those that merging small
cells leaves (cells.py); the people from everywhere else are at least as many as a cell must have. Another one replaces it only
when the number of the same region stays or moves by a whole cell. A day without such a region has no line.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from sqlalchemy import Connection, Row, Select, func, select, union_all
from sqlalchemy.orm import Session

from pledge.campaigns.models import Campaign, CampaignState
from pledge.core import clock, countries
from pledge.core.db import fetch, load, transaction
from pledge.core.i18n import SEOUL
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.models import Kind, LedgerEntry, LedgerHead, LedgerPlace
from pledge.statistics.breakdowns import NO_REGION, breakdowns
from pledge.statistics.cells import MIN_CELL, merge_small
from pledge.statistics.models import PlacesSnapshot, RegionToday
from pledge.statistics.windows import first_since

#: Time and people between two states, and between two lines of a campaign.
RENEWAL_INTERVAL = timedelta(hours=1)
MIN_CHANGED = 20
#: Entries among which those people are looked for, so that the first state of a large log costs no more than another.
_NEWEST = 1000


def published_places(campaign_id: int) -> PlacesSnapshot:
    """What is shown now: one row read, whatever the size of the campaign. Before the first one: no lines."""
    snapshots = load(select(PlacesSnapshot).where(PlacesSnapshot.campaign_id == campaign_id))
    if snapshots:
        return snapshots[0]
    nobody = {"log_size": 0, "people": 0, "organizations": 0}
    return PlacesSnapshot(as_of=clock.now(), **nobody, regions=[], countries=[])


def today_line(campaign_id: int) -> Row[str, int] | None:
    """The `region` and `people` of the line to show now; None when there is none about today."""
    query = select(RegionToday.region, RegionToday.people).where(
        RegionToday.campaign_id == campaign_id, RegionToday.day == _today()
    )
    return fetch(query).first()


def renew_places() -> int:
    """Store the next snapshot of each campaign that is due; returns how many."""
    return _renew_each(select(Campaign.id), _new_places)


def renew_today_lines() -> int:
    """Store the next line of each open campaign that is due; returns how many."""
    return _renew_each(select(Campaign.id).where(Campaign.state == CampaignState.OPEN), _new_line)


def _renew_each(
    campaigns: Select[int], renewed: Callable[[Session, int], PlacesSnapshot | RegionToday | None]
) -> int:
    campaign_ids = list(fetch(campaigns.order_by(Campaign.id)).scalars())
    stored = 0
    for campaign_id in campaign_ids:
        with transaction() as session:
            # Two workers come one after the other; who signs is not held up (FOR NO KEY UPDATE).
            lock = select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True)
            session.execute(lock)
            row = renewed(session, campaign_id)
            if row is not None:
                session.merge(row)
                stored += 1
    return stored


def _new_places(session: Session, campaign_id: int) -> PlacesSnapshot | None:
    last = session.get(PlacesSnapshot, campaign_id)
    if last is not None and clock.now() < last.made_at + RENEWAL_INTERVAL:
        return None
    size, tallies = ledger.tallies(campaign_id)
    checkpoint = log_queries.newest(campaign_id, size)
    if checkpoint is None:
        return None
    if not _has_moved(session, campaign_id, 0 if last is None else last.log_size, size):
        return None
    lines = breakdowns(tallies)
    return PlacesSnapshot(
        campaign_id=campaign_id,
        made_at=clock.now(),
        log_size=size,
        as_of=checkpoint.signed_at,
        people=checkpoint.people,
        organizations=checkpoint.organizations,
        regions=[(line.key, line.people) for line in lines.by_region],
        countries=[(line.key, line.people) for line in lines.by_country],
    )


def _new_line(session: Session, campaign_id: int) -> RegionToday | None:
    last = session.get(RegionToday, campaign_id)
    if last is not None and clock.now() < last.made_at + RENEWAL_INTERVAL:
        return None
    head = session.scalar(select(LedgerHead.size).where(LedgerHead.campaign_id == campaign_id)) or 0
    if not _has_moved(session, campaign_id, 0 if last is None else last.number, head):
        return None
    day = _today()
    largest = _largest_region(session.connection(), campaign_id, head)
    if largest is None:
        return None
    region, people = largest
    if last is not None and (last.day, last.region) == (day, region):
        moved = abs(people - last.people)
        if 0 < moved < MIN_CELL:
            return None
    return RegionToday(
        campaign_id=campaign_id,
        made_at=clock.now(),
        number=head,
        day=day,
        region=region,
        people=people,
    )


def _has_moved(session: Session, campaign_id: int, after: int, head: int) -> bool:
    """Whether enough people have an entry in this part of the log; a correction is two entries of one person."""
    newest = select(LedgerEntry.subject_id).where(
        LedgerEntry.campaign_id == campaign_id,
        LedgerEntry.kind == Kind.PERSON,
        LedgerEntry.number > after,
        LedgerEntry.number <= head,
    )
    people = session.scalars(newest.order_by(LedgerEntry.number.desc()).limit(_NEWEST))
    return len(set(people)) >= MIN_CHANGED


def _largest_region(connection: Connection, campaign_id: int, head: int) -> tuple[str, int] | None:
    """The region with the most people of today that may be shown, and how many these are."""
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
    moved = union_all(select(entry.region, entry.delta).where(*of_today), moves).subquery()
    query = select(moved.c.region, func.sum(moved.c.delta)).group_by(moved.c.region)
    cells = {region or NO_REGION: int(people) for region, people in connection.execute(query)}
    shown = merge_small(cells).shown
    regions = [(people, key) for key, people in shown.items() if key in countries.REGIONS]
    people, region = max(regions, default=(0, ""))
    return (region, people) if region and sum(cells.values()) - people >= MIN_CELL else None


def _today() -> str:
    return clock.now().astimezone(SEOUL).date().isoformat()
