"""Reads for editors: a campaign as it is stored, and what is still missing in a language.

Each section of its pages has a stamp of its content (`rules.stamp`). The form carries it back; the use case compares it under the
campaign's lock, so that nobody overwrites what they have not seen.
"""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, exists, select
from sqlalchemy.orm import Session

from pledge.campaigns.models import (
    OPTIONAL_PARTS,
    Campaign,
    CampaignEvent,
    Partner,
    PartnerRole,
    PledgeText,
)
from pledge.core import languages
from pledge.core.db import fetch, load, reading
from pledge.core.languages import Texts

Reader = Connection | Session


class NoSuchCampaign(LookupError):
    """There is no campaign with this slug, or nothing of it with this number."""


@dataclass(frozen=True)
class MissingText:
    """One thing without which a campaign cannot be published: the section, its field, and the language if one is meant."""

    section: str
    field: str
    lang: str = ""


def rows() -> list[Campaign]:
    """All campaigns, newest first."""
    return load(select(Campaign).order_by(Campaign.id.desc()))


def titles(lang: str) -> dict[str, str]:
    """The title of each campaign by its slug, the newest first; campaigns with equal titles get their slug appended."""
    rows = fetch(select(Campaign.slug, Campaign.title).order_by(Campaign.id.desc()))
    named = {row.slug: row.title.in_language(lang) or row.slug for row in rows}
    often = Counter(named.values())
    return {slug: title if often[title] == 1 else f"{title} ({slug})" for slug, title in named.items()}


def desk(slug: str) -> Campaign:
    """One campaign as its editors see it. Raises NoSuchCampaign."""
    for row in load(select(Campaign).where(Campaign.slug == slug)):
        return row
    raise NoSuchCampaign


def has_secretariat(reader: Reader, campaign_id: int) -> bool:
    """Whether somebody speaks for it."""
    mine = exists().where(Partner.campaign_id == campaign_id, Partner.role == PartnerRole.SECRETARIAT)
    return bool(reader.execute(select(mine)).scalar_one())


def missing(campaign: Campaign) -> list[MissingText]:
    with reading() as connection:
        return missing_of(connection, campaign)


def missing_of(reader: Reader, campaign: Campaign) -> list[MissingText]:
    """Texts missing in each language, and a missing secretariat, in the order of the pages where they are entered."""
    gaps = [
        MissingText("texts", name, name.rpartition("_")[2])
        for name, text in campaign.texts.items()
        if not text.strip() and not name.startswith(OPTIONAL_PARTS)
    ]
    pledges = select(PledgeText.wording).where(PledgeText.campaign_id == campaign.id)
    wording = reader.execute(pledges.order_by(PledgeText.version.desc()).limit(1)).scalar() or Texts()
    gaps += [
        MissingText("pledge", f"wording_{lang}", lang)
        for lang in languages.codes()
        if not wording[lang].strip()
    ]
    if not has_secretariat(reader, campaign.id):
        gaps.append(MissingText("partners", "secretariat"))
    for section, table, title, order in (
        ("partners", Partner, Partner.name, Partner.position),
        ("events", CampaignEvent, CampaignEvent.title, CampaignEvent.starts_at),
    ):
        rows = reader.execute(select(table.id, title).where(table.campaign_id == campaign.id).order_by(order))
        gaps += [
            MissingText(section, str(number), lang)
            for number, text in rows
            for lang in languages.codes()
            if not text[lang].strip()
        ]
    return gaps
