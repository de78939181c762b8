"""Reads of campaigns: one language at a time, ready to be shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from markupsafe import Markup
from sqlalchemy import (
    Connection,
    Label,
    Row,
    Select,
    String,
    bindparam,
    cast,
    exists,
    func,
    select,
)
from sqlalchemy.orm import aliased

from pledge.campaigns import consents, followups, goals, opening, video
from pledge.campaigns.followups import Followup
from pledge.campaigns.media import PHOTO, QUOTATION
from pledge.campaigns.models import (
    Campaign,
    CampaignState,
    Partner,
    PartnerRole,
    PledgeText,
    SisterCampaign,
)
from pledge.campaigns.rules import fingerprint
from pledge.campaigns.video import OwnVideo, Video
from pledge.core import clock, languages
from pledge.core.db import fetch, load
from pledge.core.languages import Texts
from pledge.core.text.markdown import Section, markdown, sections
from pledge.ledger.models import LedgerHead
from pledge.ledger.queries import HEAD_COLUMNS, Count
from pledge.switches import queries as switches


@dataclass(frozen=True)
class PledgeView:
    version: int
    html: Markup
    sha256: str


@dataclass(frozen=True)
class CampaignView:
    """One campaign in one language, without its counts (those are the ledger's)."""

    id: int
    slug: str
    title: str
    tagline: str
    summary: str
    recipient: str  #: to whom the totals are handed
    who_may_sign: str
    followup: Followup | None  #: for those who have signed, today
    secretariat_line: str  #: who runs it, in one line; "" where nobody is named
    short_name: str  #: of its address for posters; "" without one
    thanks: str  #: a sentence of staff for those who have signed; "" without one in this language
    share_texts: Mapping[str, str]  #: by channel, those that staff have written in this language
    sections: tuple[Section, ...]  #: of its text
    goal: int
    goal_steps: tuple[int, ...]  #: set by staff; without any, the usual ones (goals.py)
    step_sentences: dict[int, str]  #: what is done at a step in this language, by its number of people
    state: CampaignState
    opens_at: datetime | None
    closes_at: datetime | None
    pledge: PledgeView
    consent_version: int | None  #: of the sign form; None in a draft
    video: Video | OwnVideo | None = None
    letter: Texts = field(default_factory=Texts)  #: documents in `files`
    photo: str = ""
    photo_alt: Texts = field(default_factory=Texts)
    photo_focus: str = ""
    quotation: Texts = field(default_factory=Texts)
    quotation_name: Texts = field(default_factory=Texts)
    quotation_role: Texts = field(default_factory=Texts)
    quotation_portrait: str = ""
    quotation_alt: Texts = field(default_factory=Texts)
    has_letter_page: bool = False
    has_sisters: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it takes signatures, or would if staff had not paused signing."""
        return opening.is_open(self.state, self.opens_at, self.closes_at)

    @property
    def is_open(self) -> bool:
        """Whether one can sign now."""
        return self.is_running and not self.is_paused

    @property
    def is_paused(self) -> bool:
        """Whether it would take signatures, but staff have paused signing for a while."""
        return self.is_running and switches.current().signing_paused

    @property
    def aims(self) -> Section | None:
        """The first section with a list."""
        return next((section for section in self.sections if section.has_list), None)

    @property
    def asks(self) -> list[Section]:
        """The other sections with a list."""
        return [section for section in self.sections if section.has_list and section is not self.aims]

    @property
    def background(self) -> list[Section]:
        """The sections that are prose."""
        return [section for section in self.sections if not section.has_list]

    @property
    def has_ended(self) -> bool:
        """Whether signing is over, not still to begin."""
        return not self.is_running and (self.opens_at is None or self.opens_at <= clock.now())

    @property
    def last_day(self) -> date | None:
        """The last Korean day on which one can sign; None where no closing time is set."""
        return opening.last_day(self.closes_at)

    @property
    def takes_confirmations(self) -> bool:
        """Whether links to confirm still work: while open, and for a day after closing."""
        return opening.takes_confirmations(self.state, self.closes_at)


def find(slug: str, lang: str) -> CampaignView | None:
    """A public campaign by its slug; None when there is none (or only a draft)."""
    row = fetch(_public_by_slug(lang), {"slug": slug}).first()
    return None if row is None else _view(row, lang)


def find_by_id(campaign_id: int, lang: str) -> CampaignView | None:
    row = fetch(_public_by_id(lang), {"id": campaign_id}).first()
    return None if row is None else _view(row, lang)


def find_draft(campaign_id: int, lang: str) -> CampaignView | None:
    """A campaign whatever its state, as the public would see it once it is open; for the preview."""
    row = fetch(_whole(lang).where(Campaign.id == campaign_id)).first()
    if row is None:
        return None
    view = _view(row, lang)
    if view.state is not CampaignState.DRAFT:
        return view
    return replace(
        view, state=CampaignState.OPEN, title=view.title or view.slug, recipient=view.recipient or "…"
    )


def count(slug: str) -> Count | None:
    """The count of a public campaign in one statement; None when there is no such campaign."""
    as_of = clock.now()  # before the query: what it answers is at least as new
    found = fetch(_COUNT, {"slug": slug}).first()
    return None if found is None else Count(found[0], found[1], as_of, *found[2:])


def public_id(slug: str) -> int | None:
    """The number of a public campaign; None when there is none (or only a draft)."""
    query = select(Campaign.id).where(Campaign.slug == slug, Campaign.state != CampaignState.DRAFT)
    return fetch(query).scalar_one_or_none()


def slugs() -> dict[int, str]:
    """The slug of every campaign, drafts too, by its number."""
    return {row.id: row.slug for row in fetch(select(Campaign.id, Campaign.slug).order_by(Campaign.id))}


def public_campaigns(lang: str) -> list[CampaignView]:
    """All campaigns that the public may see: those that run first, then newest first."""
    rows = fetch(_public_newest_first(lang)).all()
    return sorted((_view(row, lang) for row in rows), key=lambda campaign: not campaign.is_running)


def pledge_text(pledge_text_id: int, lang: str) -> PledgeView:
    """The version that somebody signed, which may be an older one."""
    query = select(PledgeText.version, PledgeText.wording, PledgeText.sha256).where(
        PledgeText.id == pledge_text_id
    )
    return pledge_view(fetch(query).one(), lang)


def pledge_view(text: PledgeText | Row[*tuple[Any, ...]], lang: str) -> PledgeView:
    """A pledge text, or the columns of one, in a language."""
    return PledgeView(text.version, markdown(text.wording.in_language(lang)), bytes(text.sha256).hex())


def pledge_versions(campaign_id: int) -> list[PledgeText]:
    """All pledge texts of a campaign, newest first."""
    query = select(PledgeText).where(PledgeText.campaign_id == campaign_id)
    return load(query.order_by(PledgeText.version.desc()))


_COUNT = (
    select(*HEAD_COLUMNS)
    .select_from(Campaign)
    .outerjoin(LedgerHead, LedgerHead.campaign_id == Campaign.id)
    .where(Campaign.slug == bindparam("slug"), Campaign.state != CampaignState.DRAFT)
)


# Made once for each language: pages of a signing read by them all the time, and to make one takes longer than to run it.
@cache
def _public_by_slug(lang: str) -> Select[*tuple[Any, ...]]:
    return _public(lang).where(Campaign.slug == bindparam("slug"))


@cache
def _public_by_id(lang: str) -> Select[*tuple[Any, ...]]:
    return _public(lang).where(Campaign.id == bindparam("id"))


@cache
def _public_newest_first(lang: str) -> Select[*tuple[Any, ...]]:
    return _public(lang).order_by(Campaign.id.desc())


def _public(lang: str) -> Select[*tuple[Any, ...]]:
    return _whole(lang).where(Campaign.state != CampaignState.DRAFT)


def _whole(lang: str) -> Select[*tuple[Any, ...]]:
    """All columns of a campaign in one statement; its texts in this language, or else in its first."""
    texts = (Campaign.title, Campaign.tagline, Campaign.summary, Campaign.body, Campaign.recipient)
    any_version = aliased(PledgeText)
    newest = (
        select(func.max(any_version.version)).where(any_version.campaign_id == Campaign.id).scalar_subquery()
    )
    return (
        select(
            *(Campaign.id, Campaign.slug, Campaign.goal, Campaign.goal_steps, Campaign.step_sentences),
            *(Campaign.state, Campaign.opens_at, Campaign.closes_at),
            *(Campaign.short_name, Campaign.thanks, Campaign.share_texts),
            *video.COLUMNS,
            *(languages.in_language(text, lang).label(text.key) for text in texts),
            *(Campaign.who_may_sign, *followups.COLUMNS),
            *(consents.newest().label("consent_version"), secretariat_column()),
            *(Campaign.letter, (cast(Campaign.letter_text, String) != "{}").label("has_letter_page")),
            *(getattr(Campaign, name) for name in (*PHOTO, *QUOTATION)),
            exists().where(SisterCampaign.campaign_id == Campaign.id).label("has_sisters"),
            *(PledgeText.version, PledgeText.wording, PledgeText.sha256),
        )
        .select_from(Campaign)
        .join(PledgeText, (PledgeText.campaign_id == Campaign.id) & (PledgeText.version == newest))
    )


#: What a view has as the row has it.
_AS_STORED = (
    *("id", "slug", "title", "tagline", "summary", "recipient"),
    *("goal", "opens_at", "closes_at", "consent_version", "letter", *PHOTO, *QUOTATION),
)


def _view(row: Row[*tuple[Any, ...]], lang: str) -> CampaignView:
    return CampaignView(
        **{name: getattr(row, name) for name in _AS_STORED},
        who_may_sign=row.who_may_sign[lang],
        followup=followups.current(row, lang),
        secretariat_line=secretariat_line(row.secretariat, lang),
        short_name=row.short_name or "",
        thanks=row.thanks[lang],
        share_texts={channel: text[lang] for channel, text in row.share_texts.items() if lang in text},
        sections=sections(row.body),
        goal_steps=tuple(row.goal_steps),
        step_sentences=goals.sentences(row.step_sentences[lang]),
        state=CampaignState(row.state),
        pledge=pledge_view(row, lang),
        video=video.campaign_video(row),
        has_letter_page=bool(row.has_letter_page),
        has_sisters=bool(row.has_sisters),
    )


def secretariat_column() -> Label[Any]:
    """The names of the secretariat as JSON, each with its position, as an aggregate keeps no order."""
    member = aliased(Partner)
    return (
        select(func.aggregate_strings(cast(member.position, String) + "\t" + cast(member.name, String), "\n"))
        .where(member.campaign_id == Campaign.id, member.role == PartnerRole.SECRETARIAT)
        .scalar_subquery()
        .label("secretariat")
    )


def secretariat_line(members: str | None, lang: str) -> str:
    """The names in their order and in a language; "" where nobody is named."""
    pairs = [member.partition("\t") for member in (members or "").split("\n") if member]
    names = [Texts(json.loads(name)) for _, _, name in sorted(pairs, key=lambda pair: int(pair[0]))]
    return ", ".join(name.in_language(lang) for name in names)


#: That there is the campaign of an entry, and in it the pledge text; of paper none is known.
KNOWN_CAMPAIGN = """
    SELECT 1 FROM campaigns AS known
     WHERE known.id = ledger_entries.campaign_id
       AND (ledger_entries.pledge_text_id IS NULL
            OR EXISTS (SELECT 1 FROM pledge_texts AS signed
                        WHERE signed.id = ledger_entries.pledge_text_id AND signed.campaign_id = known.id))"""


def published_slugs(connection: Connection) -> dict[int, str]:
    """The slug of every campaign that the public may see, by its number, in the order of the numbers."""
    query = select(Campaign.id, Campaign.slug).where(Campaign.state != CampaignState.DRAFT)
    return {row.id: row.slug for row in connection.execute(query.order_by(Campaign.id))}


def pledge_hashes(connection: Connection, campaign_id: int) -> dict[int, str]:
    """The SHA-256 of every pledge text of a campaign, in hex, by the number of the text."""
    query = select(PledgeText.id, PledgeText.sha256).where(PledgeText.campaign_id == campaign_id)
    return {row.id: bytes(row.sha256).hex() for row in connection.execute(query)}


def changed_pledges(connection: Connection) -> list[tuple[int, str]]:
    """The number of the campaign, and what is wrong, for each pledge text that has another hash than what people signed."""
    rows = connection.execute(
        select(PledgeText.campaign_id, PledgeText.version, PledgeText.wording, PledgeText.sha256)
    )
    return [
        (row.campaign_id, f"the pledge text {row.version} that people signed: its wording was changed")
        for row in rows
        if fingerprint(row.wording) != bytes(row.sha256)
    ]
