"""Reads of campaigns: one language at a time, ready to be shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from markupsafe import Markup
from sqlalchemy import (
    Connection,
    ScalarSelect,
    Select,
    String,
    bindparam,
    cast,
    exists,
    func,
    select,
)
from sqlalchemy.orm import Session, aliased

from pledge.campaigns import consents, followups, goals, opening, video
from pledge.campaigns.followups import Followup
from pledge.campaigns.models import (
    Campaign,
    CampaignState,
    Partner,
    PartnerRole,
    PledgeText,
    SisterCampaign,
)
from pledge.campaigns.video import OwnVideo, Video
from pledge.core import clock
from pledge.core.db import db, fetch, load
from pledge.core.languages import Texts, fingerprint
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

    row: Campaign
    title: str
    tagline: str
    summary: str
    recipient: str  #: to whom the totals are handed
    who_may_sign: str
    followup: Followup | None  #: for those who have signed, today
    secretariat_line: str  #: who runs it, in one line; "" where nobody is named
    thanks: str  #: a sentence of staff for those who have signed; "" without one in this language
    share_texts: Mapping[str, str]  #: by channel, those that staff have written in this language
    sections: tuple[Section, ...]  #: of its text
    step_sentences: dict[int, str]  #: what is done at a step in this language, by its number of people
    pledge: PledgeView
    consent_version: int | None  #: of the sign form; None in a draft
    video: Video | OwnVideo | None
    has_sisters: bool

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def slug(self) -> str:
        return self.row.slug

    @property
    def is_running(self) -> bool:
        """Whether it takes signatures, or would if staff had not paused signing."""
        return opening.is_open(self.row)

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
    def background(self) -> list[Section]:
        """The other sections."""
        return [section for section in self.sections if section is not self.aims]

    @property
    def has_ended(self) -> bool:
        """Whether signing is over, not still to begin."""
        return not self.is_running and (self.row.opens_at is None or self.row.opens_at <= clock.now())

    @property
    def last_day(self) -> date | None:
        """The last Korean day on which one can sign; None where no closing time is set."""
        return opening.last_day(self.row.closes_at)

    @property
    def takes_confirmations(self) -> bool:
        """Whether links to confirm still work: while open, and for a day after closing."""
        return opening.takes_confirmations(self.row)


def find(slug: str, lang: str) -> CampaignView | None:
    """A public campaign by its slug; None when there is none (or only a draft)."""
    return next(iter(_views(_PUBLIC_BY_SLUG, lang, slug=slug)), None)


def find_by_id(campaign_id: int, lang: str) -> CampaignView | None:
    return next(iter(_views(_PUBLIC_BY_ID, lang, id=campaign_id)), None)


def find_draft(campaign_id: int, lang: str) -> CampaignView | None:
    """A campaign whatever its state, as the public would see it once it is open; for the preview."""
    view = next(iter(_views(_BY_ID, lang, id=campaign_id)), None)
    if view is None or view.row.state != CampaignState.DRAFT:
        return view
    view.row.state = CampaignState.OPEN  # of a row that is not stored again
    return replace(view, title=view.title or view.slug, recipient=view.recipient or "…")


def count(slug: str) -> Count | None:
    """The count of a public campaign in one statement; None when there is no such campaign."""
    as_of = clock.now()  # before the query: what it answers is at least as new
    row = fetch(_COUNT, {"slug": slug}).first()
    return None if row is None else Count(row[0], row[1], as_of, *row[2:])


def public_id(slug: str) -> int | None:
    """The number of a public campaign; None when there is none (or only a draft)."""
    query = select(Campaign.id).where(Campaign.slug == slug, Campaign.state != CampaignState.DRAFT)
    return fetch(query).scalar_one_or_none()


def slugs() -> dict[int, str]:
    """The slug of every campaign, drafts too, by its number."""
    return {row.id: row.slug for row in fetch(select(Campaign.id, Campaign.slug).order_by(Campaign.id))}


def public_campaigns(lang: str) -> list[CampaignView]:
    """All campaigns that the public may see: those that run first, then newest first."""
    newest_first = _views(_PUBLIC_NEWEST_FIRST, lang)
    return sorted(newest_first, key=lambda campaign: not campaign.is_running)


def pledge_text(pledge_text_id: int, lang: str) -> PledgeView:
    """The version that somebody signed, which may be an older one."""
    (text,) = load(select(PledgeText).where(PledgeText.id == pledge_text_id))
    return pledge_view(text, lang)


def pledge_view(text: PledgeText, lang: str) -> PledgeView:
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


def _secretariat() -> ScalarSelect[str]:
    """The names of the secretariat as JSON, each with its position, as an aggregate keeps no order."""
    member = aliased(Partner)
    return (
        select(func.aggregate_strings(cast(member.position, String) + "\t" + cast(member.name, String), "\n"))
        .where(member.campaign_id == Campaign.id, member.role == PartnerRole.SECRETARIAT)
        .scalar_subquery()
    )


_NEWER = aliased(PledgeText)
_NEWEST = select(func.max(_NEWER.version)).where(_NEWER.campaign_id == Campaign.id).scalar_subquery()
# Made once: pages of a signing read by them all the time, and to make one takes longer than to run it.
_WHOLE = select(
    Campaign,
    PledgeText,
    consents.newest(),
    _secretariat(),
    exists().where(SisterCampaign.campaign_id == Campaign.id),
).join(PledgeText, (PledgeText.campaign_id == Campaign.id) & (PledgeText.version == _NEWEST))
_BY_ID = _WHOLE.where(Campaign.id == bindparam("id"))
_PUBLIC = _WHOLE.where(Campaign.state != CampaignState.DRAFT)
_PUBLIC_BY_ID = _PUBLIC.where(Campaign.id == bindparam("id"))
_PUBLIC_BY_SLUG = _PUBLIC.where(Campaign.slug == bindparam("slug"))
_PUBLIC_NEWEST_FIRST = _PUBLIC.order_by(Campaign.id.desc())


def _views(
    query: Select[Campaign, PledgeText, int | None, str | None, bool], lang: str, **values: object
) -> list[CampaignView]:
    with Session(db.engine) as session:
        rows = session.execute(query, values).all()
    return [
        CampaignView(
            row=row,
            title=row.title.in_language(lang),
            tagline=row.tagline.in_language(lang),
            summary=row.summary.in_language(lang),
            recipient=row.recipient.in_language(lang),
            who_may_sign=row.who_may_sign[lang],
            followup=followups.current(row, lang),
            secretariat_line=_secretariat_line(secretariat, lang),
            thanks=row.thanks[lang],
            share_texts={channel: text[lang] for channel, text in row.share_texts.items() if lang in text},
            sections=sections(row.body.in_language(lang)),
            step_sentences=goals.sentences(row.step_sentences[lang]),
            pledge=pledge_view(pledge, lang),
            consent_version=consent_version,
            video=video.campaign_video(row),
            has_sisters=has_sisters,
        )
        for row, pledge, consent_version, secretariat, has_sisters in rows
    ]


def _secretariat_line(members: str | None, lang: str) -> str:
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
