"""What signers agree to, in the words of staff: to whom the totals are handed. Each wording is a version that never changes.

The other words of the consent come with the release; `signatures.privacy_version` names those of the notice.
"""

from dataclasses import dataclass

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from pledge.campaigns.models import Campaign, CampaignConsent, CampaignText
from pledge.core import clock, languages
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


def store_version(session: Session, campaign_id: int) -> None:
    """Store what the consent of a public campaign says now as another version, unless the newest one says the same."""
    session.flush()
    texts = select(CampaignText.lang, CampaignText.recipient).where(CampaignText.campaign_id == campaign_id)
    recipient = languages.texts({row.lang: row.recipient for row in session.execute(texts)})
    versions = select(CampaignConsent).where(CampaignConsent.campaign_id == campaign_id)
    last = session.scalar(versions.order_by(CampaignConsent.version.desc()).limit(1))
    if last is None or last.recipient != recipient:
        version = 1 if last is None else last.version + 1
        session.add(
            CampaignConsent(
                campaign_id=campaign_id, version=version, recipient=recipient, created_at=clock.now()
            )
        )
