"""The letter of a campaign: a page to read, and a document to download. Either may be missing."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import Label, String, cast, select
from sqlalchemy.orm import aliased

from pledge.campaigns.models import Campaign, CampaignText
from pledge.core import languages
from pledge.core.db import reading
from pledge.core.text.markdown import markdown


@dataclass(frozen=True)
class LetterView:
    """The campaign's letter: a document in `files`, and the language that it is in."""

    file: str
    lang: str


@dataclass(frozen=True)
class LetterPage:
    """The campaign's letter to read, and the language that it is in."""

    html: Markup
    text: str  #: CommonMark
    lang: str


def columns(lang: str) -> tuple[Label[Any], ...]:
    """Of a campaign: its document, in this language or else in the first that has one, and whether there is a page."""
    other = aliased(CampaignText)
    document = (
        select(other.lang + "/" + other.letter)
        .where(other.campaign_id == Campaign.id, other.letter != "")
        .order_by(languages.rank(other.lang, lang))
        .limit(1)
        .scalar_subquery()
    )
    return document.label("letter"), (cast(Campaign.letter_text, String) != "{}").label("has_letter_page")


def view(found: str | None) -> LetterView | None:
    """The letter in the page's language, or else in the language that has one."""
    if not found:
        return None
    lang, _, file = found.partition("/")
    return LetterView(file, lang)


def page(campaign_id: int, lang: str) -> LetterPage | None:
    """The campaign's letter to read, in this language or else in the one that it is in; None when there is none."""
    query = select(Campaign.letter_text).where(Campaign.id == campaign_id)
    with reading() as connection:
        text = connection.execute(query).scalar_one()
    return LetterPage(markdown(text.of(lang)), text.of(lang), text.language_for(lang)) if text else None
