"""The facts of a campaign in a delivery: titles, recipient, goal, secretariat and partners."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from pledge.campaigns.models import Campaign, CampaignText, Partner, PartnerRole
from pledge.core import languages
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.statistics.breakdowns import UnknownCampaign


@dataclass(frozen=True)
class CampaignFacts:
    id: int
    slug: str
    goal: int
    title: Texts  #: in every language of the site
    recipient: Texts  #: as consents say it; none in a draft
    secretariat: list[Texts]
    partners: list[Texts]


def campaign_facts(slug: str) -> CampaignFacts:
    """The facts of a campaign. Raises UnknownCampaign."""
    texts = select(CampaignText.lang, CampaignText.title, CampaignText.recipient)
    partners = select(Partner.role, Partner.name)
    with reading() as connection:
        row = connection.execute(select(Campaign.id, Campaign.goal).where(Campaign.slug == slug)).first()
        if row is None:
            raise UnknownCampaign(slug)
        said = connection.execute(texts.where(CampaignText.campaign_id == row.id)).all()
        behind = connection.execute(
            partners.where(Partner.campaign_id == row.id).order_by(Partner.position)
        ).all()
    titles = Texts({one.lang: one.title for one in said})
    return CampaignFacts(
        id=row.id,
        slug=slug,
        goal=row.goal,
        title=Texts({lang: titles.of(lang) or slug for lang in languages.codes()}),
        recipient=languages.texts({one.lang: one.recipient for one in said}),
        secretariat=_names(behind, PartnerRole.SECRETARIAT),
        partners=_names(behind, PartnerRole.PARTNER),
    )


def _names(behind: Any, role: PartnerRole) -> list[Texts]:
    return [row.name for row in behind if row.role == role]
