"""Loading a campaign from a folder of readable files: campaign.toml, body.<lang>.md, pledge.v<N>.<lang>.md."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge import clock
from pledge.campaigns.models import Campaign, CampaignText, Partner, PledgeText
from pledge.db import transaction

LANGUAGES = ("ko", "en")


class PledgeTextChanged(Exception):
    """A pledge text in a file differs from the stored one of that version: people signed the stored one."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"pledge.v{version} differs from the stored version {version}; write a new version instead"
        )


def load_folder(folder: Path) -> str:
    """Create or update the campaign that a folder describes; returns its slug. Loading twice changes nothing.

    Raises FileNotFoundError for a missing text, KeyError for a missing setting, PledgeTextChanged.
    """
    facts = tomllib.loads((folder / "campaign.toml").read_text("utf-8"))
    pledges = _pledges(folder)
    with transaction() as session:
        campaign = session.scalar(select(Campaign).where(Campaign.slug == facts["slug"]))
        if campaign is None:
            campaign = Campaign(slug=facts["slug"])
            session.add(campaign)
        campaign.state, campaign.goal = facts["state"], facts["goal"]
        campaign.opens_at, campaign.closes_at = facts.get("opens_at"), facts.get("closes_at")
        session.flush()
        _load_texts(campaign, folder, facts)
        _load_partners(session, campaign, facts["partners"])
        for version, wording in pledges.items():
            _load_pledge(session, campaign, version, wording)
    return str(facts["slug"])


def _pledges(folder: Path) -> dict[int, dict[str, str]]:
    versions = sorted(
        int(file.name.split(".")[1].removeprefix("v")) for file in folder.glob("pledge.v*.ko.md")
    )
    if not versions:
        raise FileNotFoundError(f"no pledge.v1.ko.md in {folder}")
    return {
        version: {lang: (folder / f"pledge.v{version}.{lang}.md").read_text("utf-8") for lang in LANGUAGES}
        for version in versions
    }


def _load_texts(campaign: Campaign, folder: Path, facts: dict[str, Any]) -> None:
    stored = {text.lang: text for text in campaign.texts}
    for lang in LANGUAGES:
        text = stored.get(lang)
        if text is None:
            text = CampaignText(lang=lang)
            campaign.texts.append(text)
        text.title, text.tagline, text.summary = (facts[lang][key] for key in ("title", "tagline", "summary"))
        text.body = (folder / f"body.{lang}.md").read_text("utf-8")


def _load_partners(session: Session, campaign: Campaign, partners: list[dict[str, str]]) -> None:
    stored = {partner.position: partner for partner in campaign.partners}
    for position, facts in enumerate(partners):
        partner = stored.pop(position, None)
        if partner is None:
            partner = Partner(position=position)
            campaign.partners.append(partner)
        partner.role, partner.url = facts["role"], facts.get("url", "")
        partner.name_ko, partner.name_en = facts["name_ko"], facts["name_en"]
    for left_over in stored.values():
        session.delete(left_over)


def _load_pledge(session: Session, campaign: Campaign, version: int, wording: dict[str, str]) -> None:
    digest = fingerprint(wording["ko"], wording["en"])
    stored = next((pledge for pledge in campaign.pledges if pledge.version == version), None)
    if stored is None:
        session.add(
            PledgeText(
                campaign_id=campaign.id,
                version=version,
                ko=wording["ko"],
                en=wording["en"],
                sha256=digest,
                created_at=clock.now(),
            )
        )
    elif stored.sha256 != digest:
        raise PledgeTextChanged(version)


def fingerprint(ko: str, en: str) -> bytes:
    """SHA-256 over both wordings of a pledge text, by which a changed one is noticed."""
    return hashlib.sha256(f"{ko}\0{en}".encode()).digest()
