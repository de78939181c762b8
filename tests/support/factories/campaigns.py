"""Campaigns with their texts and pledges, drafts, events and terms of lists of names."""

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from pledge.campaigns import consents, items, pledges, rules, staff_queries
from pledge.campaigns import moderation as editing
from pledge.campaigns.events import EventFields
from pledge.campaigns.models import Campaign, CampaignText, Partner, PartnerRole, PledgeText
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.core import clock, languages
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from tests.support.factories.accounts import EDITOR

SLUG = "blue-skies"


def campaign(slug: str = SLUG, *, versions: int = 1, **facts: Any) -> Campaign:
    """An open campaign with texts in both languages, a secretariat, a partner and `versions` pledge texts."""
    row = Campaign(**{"slug": slug, "state": "open", "goal": 1000, **facts})
    row.texts = [
        CampaignText(
            lang="ko",
            title="푸른 하늘",
            tagline="함께 서명해요",
            summary="맑은 공기를 위한 서약",
            recipient="대한민국 정부",
            body="## 왜\n\n하늘을 위해.",
        ),
        CampaignText(
            lang="en",
            title="Blue Skies",
            tagline="Sign with us",
            summary="A pledge for clean air",
            recipient="the Government of the Republic of Korea",
            body="## Why\n\nFor the sky.",
        ),
    ]
    row.partners = [
        Partner(
            position=0,
            role="secretariat",
            name=Texts(ko="사무국", en="The Secretariat"),
            url="https://example.org/",
        ),
        Partner(position=1, role="partner", name=Texts(ko="동반자", en="A Partner"), url=""),
    ]
    with transaction() as session:
        session.add(row)
        session.flush()
        session.add_all(_pledge_text(row.id, version) for version in range(1, versions + 1))
        consents.keep(session, row.id)
    return row


def the_campaign() -> Campaign:
    """The campaign of this test; one is made when there is none."""
    return db.session.scalar(select(Campaign).order_by(Campaign.id).limit(1)) or campaign()


def _pledge_text(campaign_id: int, version: int) -> PledgeText:
    ko, en = f"서약 {version}판", f"The pledge, version {version}"
    digest = hashlib.sha256(f"en\0{en}\0ko\0{ko}\0".encode()).digest()
    return PledgeText(
        campaign_id=campaign_id,
        version=version,
        wording=Texts(ko=ko, en=en),
        sha256=digest,
        created_at=clock.now(),
    )


def draft(slug: str = "draft", *, secretariat: bool = True, **texts: str) -> str:
    """The slug of a draft made by staff; its texts are complete unless `title_en=""` and the like say otherwise."""
    editing.create(EDITOR, slug=slug, title={})
    words = {name: f"{name} of {slug}" for name in staff_queries.text_fields()} | texts
    seen = rules.stamp(staff_queries.desk(slug).texts)
    editing.edit_texts(EDITOR, slug, seen, words)
    write_pledge(slug, "우리의 약속", "Our promise")
    if secretariat:
        named = Texts(dict.fromkeys(languages.codes(), f"Secretariat of {slug}"))
        items.add(PARTNER, EDITOR, slug, PartnerFields(PartnerRole.SECRETARIAT, named, ""))
    return slug


def other_recipient(slug: str = SLUG) -> None:
    """Staff name another recipient of the totals: another version of the consent."""
    seen = staff_queries.desk(slug).texts
    words = {**seen, "recipient_ko": "국회", "recipient_en": "Parliament"}
    editing.edit_texts(EDITOR, slug, rules.stamp(seen), words, "decided", is_stepped_up=True)


def write_pledge(slug: str, ko: str, en: str, *, in_use: bool = False) -> int:
    """Save this wording as an editor who has just opened the page; the version that holds it."""
    stored = staff_queries.wording(staff_queries.desk(slug).id)
    return pledges.edit_pledge(
        *(EDITOR, slug, stored.stamp),
        wording={"ko": ko, "en": en},
        in_use=lambda *_: in_use,
        agreed=stored.version + 1,
        one_language=True,
    )


def event_fields(**facts: Any) -> EventFields:
    """An evening next week, in Seoul."""
    starts_at = (clock.now() + timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0)
    texts = {
        "title_ko": "기후 토크",
        "title_en": "Climate Talk",
        "place_ko": "서울",
        "place_en": "Seoul",
    }
    texts |= {name: facts.pop(name) for name in texts if name in facts}
    return EventFields(
        **{
            "title": Texts(ko=texts["title_ko"], en=texts["title_en"]),
            "place": Texts(ko=texts["place_ko"], en=texts["place_en"]),
            "url": "https://example.org/talk",
            "all_day": False,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=2),
            **facts,
        }
    )
