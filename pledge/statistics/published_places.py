"""The regions and countries that everybody may see: a stored state of the log, seldom renewed.

Whoever reads them again and again sees a crowd move and never one person, though the total beside them is live: another state
follows an hour later at the earliest, and after changes of at least twenty people, as the line about today (today.py).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from pledge.campaigns.models import Campaign
from pledge.core import clock, countries
from pledge.core.db import reading, transaction
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.statistics.breakdowns import breakdowns, country_cell, region_cell
from pledge.statistics.models import PlacesSnapshot
from pledge.statistics.today import BETWEEN_LINES, MIN_CHANGED, people_changed
from pledge.statistics.values import Cell


@dataclass(frozen=True)
class PublishedPlaces:
    """People by region and country at a checkpoint; the lines of each add up to its people. Before the first: no lines."""

    as_of: datetime
    log_size: int
    people: int
    organizations: int
    by_region: list[Cell]
    by_country: list[Cell]


def published_places(campaign_id: int) -> PublishedPlaces:
    """What is shown now: one row read, whatever the size of the campaign."""
    query = select(PlacesSnapshot.__table__).where(PlacesSnapshot.campaign_id == campaign_id)
    with reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        return PublishedPlaces(clock.now(), 0, 0, 0, [], [])
    return PublishedPlaces(
        row.signed_at,
        row.log_size,
        row.people,
        row.organizations,
        [region_cell(key, people) for key, people in row.regions],
        [country_cell(key, people) for key, people in row.countries],
    )


def region_ranks(campaign_id: int) -> dict[str, int]:
    """The place of each region that is shown by itself: 1 has the most people; equal ones have the same place."""
    people = {
        line.key: line.people
        for line in published_places(campaign_id).by_region
        if line.key in countries.REGIONS
    }
    return {key: 1 + sum(other > number for other in people.values()) for key, number in people.items()}


def renew() -> int:
    """Store another state of each campaign where it may follow the last one; how many were stored."""
    with reading() as connection:
        campaigns = list(connection.scalars(select(Campaign.id).order_by(Campaign.id)))
    return sum(_renew(campaign_id) for campaign_id in campaigns)


def _renew(campaign_id: int) -> bool:
    with transaction() as session:
        # Two workers come one after the other; who signs is not held up (FOR NO KEY UPDATE).
        session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True))
        last = session.get(PlacesSnapshot, campaign_id)
        if last is not None and clock.now() < last.made_at + BETWEEN_LINES:
            return False
        size, tallies = ledger.sized_tallies(campaign_id)
        checkpoint = log_queries.checkpoint_of(campaign_id, size)
        if checkpoint is None:
            return False
        if people_changed(session, campaign_id, 0 if last is None else last.log_size, size) < MIN_CHANGED:
            return False
        lines = breakdowns(tallies)
        session.merge(
            PlacesSnapshot(
                campaign_id=campaign_id,
                made_at=clock.now(),
                log_size=size,
                signed_at=checkpoint.signed_at,
                people=checkpoint.people,
                organizations=checkpoint.organizations,
                regions=[(line.key, line.people) for line in lines.by_region],
                countries=[(line.key, line.people) for line in lines.by_country],
            )
        )
    return True
