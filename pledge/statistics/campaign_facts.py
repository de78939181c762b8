"""The facts of a campaign in a delivery: titles, recipient, goal, secretariat and partners."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from pledge.campaigns.models import Campaign, CampaignText, Partner, PartnerRole
from pledge.core import languages
from pledge.core.db import reading
from pledge.statistics.breakdowns import UnknownCampaign
from pledge.statistics.values import Words


@dataclass(frozen=True)
class CampaignFacts:
    id: int
    slug: str
    goal: int
    title: Words
    recipient: Words  #: as consents say it; "" in a draft
    secretariat: list[Words]
    partners: list[Words]


def campaign_facts(slug: str) -> CampaignFacts:
    """The facts of a campaign. Raises UnknownCampaign."""
    texts = select(CampaignText.lang, CampaignText.title, CampaignText.recipient)
    partners = select(Partner.role, Partner.name)
    with reading() as connection:
        row = connection.execute(select(Campaign.id, Campaign.goal).where(Campaign.slug == slug)).first()
        if row is None:
            raise UnknownCampaign(slug)
        said = {one.lang: one for one in connection.execute(texts.where(CampaignText.campaign_id == row.id))}
        behind = connection.execute(
            partners.where(Partner.campaign_id == row.id).order_by(Partner.position)
        ).all()
    return CampaignFacts(
        id=row.id,
        slug=slug,
        goal=row.goal,
        title=Words(*((said[lang].title if lang in said else "") or slug for lang in languages.codes())),
        recipient=Words(*(said[lang].recipient if lang in said else "" for lang in languages.codes())),
        secretariat=_names(behind, PartnerRole.SECRETARIAT),
        partners=_names(behind, PartnerRole.PARTNER),
    )


def _names(behind: Any, role: PartnerRole) -> list[Words]:
    return [Words(row.name["ko"], row.name["en"]) for row in behind if row.role == role]
