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
from pledge.core.db import fetch, load, reading, transaction

#: After the totals of a campaign that is over were handed to the government, and after its answer was recorded.
AFTER_DELIVERY = timedelta(days=30)
#: After it closed, delivered or not.
AFTER_CLOSING = timedelta(days=365)


_REMEMBERED = select(Campaign).where(Campaign.forgotten_at.is_(None), Campaign.state != CampaignState.DRAFT)


def archive_due(delivered: Mapping[int, datetime]) -> list[int]:
    """Archive what is due; the numbers of all campaigns whose people are to be forgotten.

    `delivered`: since when the totals of a campaign count as handed over, by its number.
    """
    now = clock.now()
    over = _REMEMBERED.where(Campaign.closes_at < now - AFTER_DELIVERY)
    with transaction() as session:
        for campaign in session.scalars(over.with_for_update()):
            if campaign.closes_at and deletion_due(campaign.closes_at, delivered.get(campaign.id)) < now:
                campaign.state, campaign.forgotten_at = CampaignState.ARCHIVED, now
                record(session, WORKER, "campaign.forget", f"campaign:{campaign.slug}")
    with reading() as connection:
        return forgotten(connection)


def deletions(delivered: Mapping[int, datetime], within: timedelta) -> list[tuple[str, datetime]]:
    """The campaigns, by their slugs, of which the signers' data is deleted within this time, and when; the next one first."""
    over = load(_REMEMBERED.where(Campaign.closes_at < clock.now()))
    due = [
        (campaign.slug, deletion_due(campaign.closes_at, delivered.get(campaign.id)))
        for campaign in over
        if campaign.closes_at
    ]
    return sorted((part for part in due if part[1] <= clock.now() + within), key=lambda part: part[1])


def forgotten(connection: Connection) -> list[int]:
    """The numbers of the campaigns whose people are forgotten, or are about to be."""
    return list(connection.execute(select(Campaign.id).where(Campaign.forgotten_at.is_not(None))).scalars())


def awaiting_answer(answered: Mapping[int, datetime]) -> list[int]:
    """Those of them whose signers who asked for news are still to be told of an answer.

    `answered`: since when all deliveries of a campaign count as answered, by its number.
    """
    query = select(Campaign.id, Campaign.closes_at).where(Campaign.forgotten_at.is_not(None))
    return [
        row.id for row in fetch(query) if deletion_due(row.closes_at, answered.get(row.id)) >= clock.now()
    ]


def deletion_due(closes_at: datetime, since: datetime | None) -> datetime:
    """When the data of the signers of a campaign that closes then is deleted: `since` it was handed over, or, for the addresses
    of those who asked for news, since it was answered; None: not yet.
    """
    latest = closes_at + AFTER_CLOSING
    # A delivery while it ran was not the final one.
    return latest if since is None else min(latest, max(since, closes_at) + AFTER_DELIVERY)
