"""When the people of a campaign are forgotten: some time after it is over; then it can never be opened again.

While a campaign runs, address hashes must stay, or a person could be counted twice. The privacy
notice names these clocks: change both together (docs/adr/0055).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from pledge.audit.models import WORKER
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, CampaignState
from pledge.core import clock
from pledge.core.db import reading, transaction

#: After the totals of a campaign that is over were handed to the government.
AFTER_DELIVERY = timedelta(days=30)
#: After it closed, delivered or not.
AFTER_CLOSING = timedelta(days=365)


def archive_due(delivered: Mapping[int, datetime]) -> list[int]:
    """Archive what is due; the numbers of all campaigns whose people are to be forgotten.

    `delivered`: since when the totals of a campaign count as handed over, by its number.
    """
    now = clock.now()
    over = select(Campaign).where(
        Campaign.forgotten_at.is_(None),
        Campaign.state != CampaignState.DRAFT,
        Campaign.closes_at < now - AFTER_DELIVERY,
    )
    with transaction() as session:
        for campaign in session.scalars(over.with_for_update()):
            if campaign.closes_at and _due(campaign.closes_at, delivered.get(campaign.id)) < now:
                campaign.state, campaign.forgotten_at = CampaignState.ARCHIVED, now
                record(session, WORKER, "campaign.forget", f"campaign:{campaign.slug}")
    with reading() as connection:
        return forgotten(connection)


def forgotten(connection: Connection) -> list[int]:
    """The numbers of the campaigns whose people are forgotten, or are about to be."""
    return list(connection.execute(select(Campaign.id).where(Campaign.forgotten_at.is_not(None))).scalars())


def _due(closes_at: datetime, delivered_at: datetime | None) -> datetime:
    latest = closes_at + AFTER_CLOSING
    # A delivery while it ran was not the final one.
    return latest if delivered_at is None else min(latest, max(delivered_at, closes_at) + AFTER_DELIVERY)
