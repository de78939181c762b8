"""What staff write for passing a campaign on: a short address for posters, a sentence of thanks, and texts to share."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pledge.audit.models import Actor
from pledge.campaigns import rules
from pledge.campaigns.models import MAX_SHARE_TEXT, SHARE_CHANNELS, Campaign, CampaignState
from pledge.campaigns.moderation import edited_part
from pledge.campaigns.rules import BadFields, Checker, FieldFault
from pledge.core.db import fetch
from pledge.core.languages import Texts

#: Those that take a text.
CHANNELS = tuple(channel for channel in SHARE_CHANNELS if channel != "facebook")
#: The texts by the names of their fields, with how many characters each may have in a language.
TEXTS = {"thanks": 300, **{f"share_{channel}": MAX_SHARE_TEXT for channel in CHANNELS}}


def stored_words(campaign: Campaign) -> dict[str, object]:
    """The stored values by field: `short_name`, "" without one, and TEXTS."""
    channels = {f"share_{channel}": Texts(campaign.share_texts.get(channel, {})) for channel in CHANNELS}
    return {"short_name": campaign.short_name or "", "thanks": campaign.thanks, **channels}


def set_words(
    actor: Actor, slug: str, seen: str, short_name: str, texts: Mapping[str, Mapping[str, str]]
) -> None:
    """Replace the texts, by name and language, without the empty ones. Raises BadFields, EditedMeanwhile, NoSuchCampaign."""
    short_name = rules.clean_slug(short_name, "short_name") if short_name.strip() else ""
    check = Checker()
    clean = {name: check.lines(name, texts.get(name, {}), most) for name, most in TEXTS.items()}
    check.finish()
    try:
        with edited_part(actor, slug, seen, "sharing", stored_words) as (_, campaign):
            campaign.short_name, campaign.thanks = short_name or None, clean["thanks"]
            given = {channel: clean[f"share_{channel}"] for channel in CHANNELS}
            campaign.share_texts = {channel: dict(text) for channel, text in given.items() if text}
    except IntegrityError:
        raise BadFields({"short_name": FieldFault.TAKEN}) from None


def slug_of(short_name: str) -> str | None:
    """The public campaign with this short name; None when there is none (or only a draft)."""
    query = select(Campaign.slug).where(
        Campaign.short_name == short_name.lower(), Campaign.state != CampaignState.DRAFT
    )
    return fetch(query).scalar_one_or_none()
