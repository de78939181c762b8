"""What signers agree to, in the words of staff: to whom the totals are handed. Each wording is a version that never changes.

The other words of the consent come with the release; `signatures.privacy_version` names those of the notice.
"""

from dataclasses import dataclass

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from pledge.campaigns.models import Campaign, CampaignConsent
from pledge.core import clock
from pledge.core.db import load


class StepUpNeeded(Exception):
    """This changes what people agree to while they sign, and the second factor was not shown lately."""


@dataclass(frozen=True)
class ConsentView:
    """What somebody has agreed to, in one language."""

    version: int
    recipient: str


def newest() -> ScalarSelect[int]:
    """The version that the sign form of a campaign shows, for a query of campaigns; NULL for a draft."""
    versions = select(func.max(CampaignConsent.version)).where(CampaignConsent.campaign_id == Campaign.id)
    return versions.correlate(Campaign).scalar_subquery()


def versions(campaign_id: int) -> list[CampaignConsent]:
    """All versions of a campaign, newest first; a draft has none."""
    query = select(CampaignConsent).where(CampaignConsent.campaign_id == campaign_id)
    return load(query.order_by(CampaignConsent.version.desc()))


def store_version(session: Session, campaign: Campaign) -> None:
    """Store what the consent of a public campaign says now as another version, unless the newest one says the same."""
    versions = select(CampaignConsent).where(CampaignConsent.campaign_id == campaign.id)
    last = session.scalar(versions.order_by(CampaignConsent.version.desc()).limit(1))
    if last is None or last.recipient != campaign.recipient:
        version = CampaignConsent(campaign_id=campaign.id, version=last.version + 1 if last else 1)
        version.recipient, version.created_at = campaign.recipient, clock.now()
        session.add(version)
