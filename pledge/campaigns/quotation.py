"""Somebody's words on a campaign's page, with a portrait where there is one: reading them, and what staff may do with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import compare, edited, subject
from pledge.campaigns.rules import Checker, FieldFault, changed, stamp
from pledge.core import languages
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.files import services as files

COLUMNS = (
    *(Campaign.quotation, Campaign.quotation_name, Campaign.quotation_role),
    *(Campaign.quotation_portrait, Campaign.quotation_alt),
)
MAX_QUOTATION = 600


@dataclass(frozen=True)
class Quotation:
    """A campaign's quotation, as its editors see it; the names of its fields are those of the form."""

    quotation: Texts
    speaker: Texts
    speaker_role: Texts
    portrait: str  #: a name in `files`; "" without one
    portrait_alt: Texts

    @property
    def stamp(self) -> str:
        return stamp(vars(self))


@dataclass(frozen=True)
class QuotationView:
    """A campaign's quotation in one language."""

    text: str
    lang: str  #: the language that it is in
    speaker: str
    role: str
    portrait: str
    alt: str


def stored(row: Row[*tuple[Any, ...]] | Campaign) -> Quotation:
    """The quotation of a row that has COLUMNS."""
    return Quotation(
        row.quotation, row.quotation_name, row.quotation_role, row.quotation_portrait, row.quotation_alt
    )


def of(campaign_id: int) -> Quotation:
    """The quotation of a campaign as its editors see it."""
    with reading() as connection:
        return stored(connection.execute(select(*COLUMNS).where(Campaign.id == campaign_id)).one())


def view(row: Row[*tuple[Any, ...]], lang: str) -> QuotationView | None:
    """What the page shows of a row that has COLUMNS; None without a quotation."""
    found = stored(row)
    if not found.quotation:
        return None
    return QuotationView(
        text=found.quotation.of(lang),
        lang=found.quotation.language_for(lang),
        speaker=found.speaker.of(lang),
        role=found.speaker_role.of(lang),
        portrait=found.portrait,
        alt=found.portrait_alt.of(lang),
    )


def set_quotation(
    actor: Actor,
    slug: str,
    seen: str,
    words: Mapping[str, Mapping[str, str]],
    *,
    new: str = "",
    drop: bool = False,
) -> None:
    """Set the quotation; `words` are its texts by the names of Quotation, each by language. Without any it goes.

    `new` is the name of a stored picture, `drop` takes the present portrait away. Text and name are needed in every language,
    and so is what a portrait shows. Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        has_words = any(text.strip() for texts in words.values() for text in texts.values())
        has_portrait = bool(new) or (bool(campaign.quotation_portrait) and not drop and has_words)
        check = Checker()
        if has_portrait and not has_words:
            check.add(f"quotation_{languages.default()}", FieldFault.MISSING)
        text = check.lines("quotation", words["quotation"], MAX_QUOTATION, required=has_words)
        speaker = check.lines("speaker", words["speaker"], required=has_words)
        role = check.lines("speaker_role", words["speaker_role"])
        if role:
            check.all_or_none("speaker_role", role, text)
        alt = check.lines("portrait_alt", words["portrait_alt"], required=has_portrait)
        if alt and not has_portrait:
            check.add("portrait", FieldFault.MISSING)
        check.finish()
        before = vars(stored(campaign))
        compare(seen, before)
        if new or drop or not has_words:
            files.discard(session, campaign.quotation_portrait)
            campaign.quotation_portrait = new
        if new:
            files.keep(session, new)
        campaign.quotation, campaign.quotation_name, campaign.quotation_role = text, speaker, role
        campaign.quotation_alt = alt
        record(session, actor, "campaign.quotation", subject(slug), **changed(before, vars(stored(campaign))))
