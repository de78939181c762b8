"""What a campaign asks next of those who have signed: a card beside the thanks, on the page and in the mail, in each language that
staff write it in and for as long as they say. Its link is a plain one, and nothing is measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pledge.campaigns.models import FOLLOWUP_PARTS, Campaign
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core import clock, languages
from pledge.core.i18n import SEOUL


@dataclass(frozen=True)
class Followup:
    """A card in one language."""

    title: str
    sentence: str
    link: str


def current(campaign: Campaign, lang: str) -> Followup | None:
    """The card in this language, if today is one of its days and its link is https."""
    title, link = campaign.followup_title[lang], campaign.followup_link[lang]
    first, last = campaign.followup_from[lang], campaign.followup_until[lang]
    today = clock.now().astimezone(SEOUL).date().isoformat()
    is_time = (first or today) <= today <= (last or today)
    if not is_time or not link.startswith("https://"):
        return None
    return Followup(title, campaign.followup_sentence[lang], link)


def check_cards(check: Checker, texts: Mapping[str, str]) -> None:
    """Note faults of the cards: each needs a title and an https address, and may not end before it begins."""
    for lang in languages.codes():
        title, sentence, link, first, last = (texts.get(f"{part}_{lang}", "") for part in FOLLOWUP_PARTS)
        if (sentence or link) and not title:
            check.add(f"followup_title_{lang}", FieldFault.MISSING)
        if title and not link:
            check.add(f"followup_link_{lang}", FieldFault.MISSING)
        if link and not link.startswith("https://"):
            check.add(f"followup_link_{lang}", FieldFault.LINK)
        for part, day in (("followup_from", first), ("followup_until", last)):
            if day and not _is_day(day):
                check.add(f"{part}_{lang}", FieldFault.MOMENT)
        if last and last < first:
            check.add(f"followup_until_{lang}", FieldFault.ORDER)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
