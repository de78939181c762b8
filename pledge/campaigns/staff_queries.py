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
    CampaignText,
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
    letters: dict[str, str]  #: by language; "" where there is none
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
    query = (
        select(Campaign.slug, CampaignText.lang, CampaignText.title)
        .outerjoin(CampaignText, CampaignText.campaign_id == Campaign.id)
        .order_by(Campaign.id.desc())
    )
    written: dict[str, Texts] = {}
    for row in fetch(query):
        written.setdefault(row.slug, Texts())[row.lang] = row.title
    named = {slug: title.in_language(lang) or slug for slug, title in written.items()}
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
        texts = select(CampaignText.lang, CampaignText.letter).where(CampaignText.campaign_id == row.id)
        letters = {text.lang: text.letter for text in connection.execute(texts)}
        return CampaignAdmin(
            id=row.id,
            slug=row.slug,
            state=CampaignState(row.state),
            schedule=schedule_of(row),
            texts=texts_of(connection, row.id),
            video=video.stored(row),
            letters={lang: letters.get(lang, "") for lang in languages.codes()},
            letter_text=row.letter_text,
            missing=missing_of(connection, row.id),
            edited_at=row.edited_at,
            row=row,
        )


def schedule_of(row: Campaign | Row[*tuple[Any, ...]]) -> Schedule:
    """What is stored of a campaign's dates and goal."""
    return Schedule(row.goal, row.opens_at, row.closes_at, tuple(row.goal_steps), row.step_sentences)


def texts_of(reader: Reader, campaign_id: int) -> dict[str, str]:
    """The texts of a campaign under the names of their fields; "" where nothing is stored."""
    query = select(CampaignText.lang, *(getattr(CampaignText, part) for part in TEXT_PARTS))
    found = {row.lang: row for row in reader.execute(query.where(CampaignText.campaign_id == campaign_id))}
    return {
        f"{part}_{lang}": getattr(found[lang], part) if lang in found else ""
        for part in TEXT_PARTS
        for lang in languages.codes()
    }


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


def missing_of(reader: Reader, campaign_id: int) -> list[MissingText]:
    """What each language lacks, and a secretariat, in the order of the pages where it is entered."""
    texts = texts_of(reader, campaign_id)
    found = [
        MissingText("texts", name, name.rpartition("_")[2])
        for name in text_fields()
        if not texts[name].strip() and not name.startswith(OPTIONAL_PARTS)
    ]
    pledge = wording_of(reader, campaign_id)
    found += [
        MissingText("pledge", f"wording_{lang}", lang)
        for lang in languages.codes()
        if not pledge.wording[lang].strip()
    ]
    if not has_secretariat(reader, campaign_id):
        found.append(MissingText("partners", "secretariat"))
    for section, table, title, order in (
        ("partners", Partner, Partner.name, Partner.position),
        ("events", CampaignEvent, CampaignEvent.title, CampaignEvent.starts_at),
    ):
        rows = reader.execute(select(table.id, title).where(table.campaign_id == campaign_id).order_by(order))
        found += [
            MissingText(section, str(number), lang)
            for number, text in rows
            for lang in languages.codes()
            if not text[lang].strip()
        ]
    return found
