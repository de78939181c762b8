"""Reads for editors: the stored texts as they are, section by section, and what is still missing in a language.

Each section has a stamp of its content (`rules.stamp`). The form carries it back; the use case compares it under the
campaign's lock, so that nobody overwrites what they have not seen.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select
from sqlalchemy.orm import Session

from pledge.campaigns import followups, video
from pledge.campaigns.models import (
    Campaign,
    CampaignEvent,
    CampaignState,
    Partner,
    PartnerRole,
    PledgeText,
)
from pledge.campaigns.rules import stamp
from pledge.campaigns.video import OwnVideo, Video
from pledge.core import clock, languages
from pledge.core.db import fetch, load, reading
from pledge.core.languages import Texts

Reader = Connection | Session

#: A campaign may be public without them.
OPTIONAL_PARTS = ("who_may_sign", *followups.PARTS)
TEXT_PARTS = ("title", "tagline", "summary", "recipient", "body", *OPTIONAL_PARTS)


def text_fields() -> tuple[str, ...]:
    """`title_ko` and so on: each part in each language of the site."""
    return tuple(f"{part}_{lang}" for part in TEXT_PARTS for lang in languages.codes())


class NoSuchCampaign(LookupError):
    """There is no campaign with this slug, or nothing of it with this number."""


@dataclass(frozen=True)
class MissingText:
    """One thing without which a campaign cannot be published: the section, its field, and the language if one is meant."""

    section: str
    field: str
    lang: str = ""


@dataclass(frozen=True)
class Schedule:
    goal: int
    opens_at: datetime | None
    closes_at: datetime | None
    goal_steps: tuple[int, ...] = ()  #: set by staff; without any, the usual ones (goals.py)
    step_sentences: Texts = field(default_factory=Texts)

    @property
    def stamp(self) -> str:
        return stamp(vars(self))


@dataclass(frozen=True)
class Wording:
    """The newest pledge text, and how many versions there are."""

    version: int
    wording: Texts

    @property
    def stamp(self) -> str:
        return stamp(vars(self))


@dataclass(frozen=True)
class CampaignAdmin:
    """What all pages of one campaign in the staff area need besides their own section."""

    id: int
    slug: str
    state: CampaignState
    schedule: Schedule
    texts: dict[str, str]
    video: Video | OwnVideo | None
    letter_text: Texts
    missing: list[MissingText]
    edited_at: datetime | None
    row: Row[*tuple[Any, ...]]  #: all its columns

    @property
    def has_ended(self) -> bool:
        """Open by its state, and its closing time has passed."""
        closes_at = self.schedule.closes_at
        return self.state is CampaignState.OPEN and closes_at is not None and closes_at <= clock.now()

    @property
    def is_frozen(self) -> bool:
        """Closed and archived campaigns keep their pledge, dates and goal: reopen first."""
        return self.state in (CampaignState.CLOSED, CampaignState.ARCHIVED)


def rows() -> list[Campaign]:
    """All campaigns, newest first."""
    return load(select(Campaign).order_by(Campaign.id.desc()))


def titles(lang: str) -> dict[str, str]:
    """The title of each campaign by its slug, the newest first; campaigns with equal titles get their slug appended."""
    rows = fetch(select(Campaign.slug, Campaign.title).order_by(Campaign.id.desc()))
    named = {row.slug: row.title.in_language(lang) or row.slug for row in rows}
    often = Counter(named.values())
    return {slug: title if often[title] == 1 else f"{title} ({slug})" for slug, title in named.items()}


def desk(slug: str) -> CampaignAdmin:
    """One campaign as its editors see it. Raises NoSuchCampaign."""
    with reading() as connection:
        row = connection.execute(
            select(*Campaign.__table__.c).where(Campaign.slug == slug)  # all columns, no ORM object
        ).first()
        if row is None:
            raise NoSuchCampaign
        return CampaignAdmin(
            id=row.id,
            slug=row.slug,
            state=CampaignState(row.state),
            schedule=schedule_of(row),
            texts=texts_of(row),
            video=video.stored(row),
            letter_text=row.letter_text,
            missing=missing_of(connection, row),
            edited_at=row.edited_at,
            row=row,
        )


def schedule_of(row: Campaign | Row[*tuple[Any, ...]]) -> Schedule:
    """What is stored of a campaign's dates and goal."""
    return Schedule(row.goal, row.opens_at, row.closes_at, tuple(row.goal_steps), row.step_sentences)


def texts_of(row: Campaign | Row[*tuple[Any, ...]]) -> dict[str, str]:
    """The texts of a campaign under the names of their fields; "" where nothing is stored."""
    return {f"{part}_{lang}": getattr(row, part)[lang] for part in TEXT_PARTS for lang in languages.codes()}


def wording_of(reader: Reader, campaign_id: int) -> Wording:
    """The newest pledge text; version 0 when there is none."""
    query = (
        select(PledgeText.version, PledgeText.wording)
        .where(PledgeText.campaign_id == campaign_id)
        .order_by(PledgeText.version.desc())
        .limit(1)
    )
    row = reader.execute(query).first()
    return Wording(0, Texts()) if row is None else Wording(row.version, row.wording)


def wording(campaign_id: int) -> Wording:
    with reading() as connection:
        return wording_of(connection, campaign_id)


def has_secretariat(reader: Reader, campaign_id: int) -> bool:
    """Whether somebody speaks for it."""
    mine = exists().where(Partner.campaign_id == campaign_id, Partner.role == PartnerRole.SECRETARIAT)
    return bool(reader.execute(select(mine)).scalar_one())


def missing_of(reader: Reader, campaign: Campaign | Row[*tuple[Any, ...]]) -> list[MissingText]:
    """What each language lacks, and a secretariat, in the order of the pages where it is entered."""
    texts = texts_of(campaign)
    found = [
        MissingText("texts", name, name.rpartition("_")[2])
        for name in text_fields()
        if not texts[name].strip() and not name.startswith(OPTIONAL_PARTS)
    ]
    pledge = wording_of(reader, campaign.id)
    found += [
        MissingText("pledge", f"wording_{lang}", lang)
        for lang in languages.codes()
        if not pledge.wording[lang].strip()
    ]
    if not has_secretariat(reader, campaign.id):
        found.append(MissingText("partners", "secretariat"))
    for section, table, title, order in (
        ("partners", Partner, Partner.name, Partner.position),
        ("events", CampaignEvent, CampaignEvent.title, CampaignEvent.starts_at),
    ):
        rows = reader.execute(select(table.id, title).where(table.campaign_id == campaign.id).order_by(order))
        found += [
            MissingText(section, str(number), lang)
            for number, text in rows
            for lang in languages.codes()
            if not text[lang].strip()
        ]
    return found
