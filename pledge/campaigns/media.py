"""The media of a campaign, reading them and what staff may do with them: the photograph across its page, somebody's words with
a portrait, the letter as a page and as a document, the video with its picture; and what a visitor would miss.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from sqlalchemy import select

from pledge.audit.models import Actor
from pledge.campaigns import items
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import edited_part, replace_file
from pledge.campaigns.partners import PARTNER, SISTER
from pledge.campaigns.pdf import check_letter_text
from pledge.campaigns.rules import BadFields, Checker, FieldFault, stamp
from pledge.campaigns.video import (
    BadCaptions,
    BadVideo,
    OwnVideo,
    Video,
    campaign_video,
    check_captions,
    parse_video,
)
from pledge.core import languages
from pledge.core.db import fetch
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.core.typesetting import CannotTypeset
from pledge.files import services as files

PHOTO = ("photo", "photo_alt", "photo_focus")  #: columns

#: The part that stays in sight where the photograph is cut to the shape of the page, as staff read it, the usual ones first.
FOCUSES = {
    "center": Phrase("campaign", "The middle"),
    "top": Phrase("campaign", "The top"),
    "bottom": Phrase("campaign", "The bottom"),
    "left": Phrase("campaign", "The left"),
    "right": Phrase("campaign", "The right"),
    "left-top": Phrase("campaign", "The top left"),
    "right-top": Phrase("campaign", "The top right"),
    "left-bottom": Phrase("campaign", "The bottom left"),
    "right-bottom": Phrase("campaign", "The bottom right"),
}


def set_photo(
    actor: Actor,
    slug: str,
    seen: str,
    alt: Mapping[str, str],
    focus: str,
    *,
    new: str = "",
    drop: bool = False,
) -> None:
    """Set the photograph: `new` is the name of a stored wide picture, `drop` takes the present one away.

    With a photograph, what it shows is needed in words in every language. Raises BadFields, EditedMeanwhile, UnknownFile,
    NoSuchCampaign.
    """
    with edited_part(actor, slug, seen, "photo", lambda row: row.part(PHOTO)) as (session, campaign):
        stays = bool(new) or (bool(campaign.photo) and not drop)
        check = Checker()
        words = check.lines("photo_alt", alt, required=stays)
        if words and not stays:
            check.add("photo", FieldFault.MISSING)
        if focus not in FOCUSES:
            check.add("photo_focus", FieldFault.CHOICE)
        check.finish()
        if new or drop:
            campaign.photo = replace_file(session, campaign.photo, new)
        campaign.photo_alt, campaign.photo_focus = words, focus


#: Columns; the texts of it are WORDS.
QUOTATION = ("quotation", "quotation_name", "quotation_role", "quotation_portrait", "quotation_alt")
WORDS = ("quotation", "quotation_name", "quotation_role", "quotation_alt")
MAX_QUOTATION = 600


def set_quotation(
    actor: Actor,
    slug: str,
    seen: str,
    words: Mapping[str, Mapping[str, str]],
    *,
    new: str = "",
    drop: bool = False,
) -> None:
    """Set the quotation; `words` are those of WORDS, each by language. Without any it goes.

    `new` is the name of a stored picture, `drop` takes the present portrait away. Text and name are needed in every language,
    and so is what a portrait shows. Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    with edited_part(actor, slug, seen, "quotation", lambda row: row.part(QUOTATION)) as (
        session,
        campaign,
    ):
        has_words = any(text.strip() for texts in words.values() for text in texts.values())
        has_portrait = bool(new) or (bool(campaign.quotation_portrait) and not drop and has_words)
        check = Checker()
        if has_portrait and not has_words:
            check.add(f"quotation_{languages.default()}", FieldFault.MISSING)
        text = check.lines("quotation", words["quotation"], MAX_QUOTATION, required=has_words)
        speaker = check.lines("quotation_name", words["quotation_name"], required=has_words)
        role = check.lines("quotation_role", words["quotation_role"])
        if role:
            check.all_or_none("quotation_role", role, text)
        alt = check.lines("quotation_alt", words["quotation_alt"], required=has_portrait)
        if alt and not has_portrait:
            check.add("quotation_portrait", FieldFault.MISSING)
        check.finish()
        if new or drop or not has_words:
            campaign.quotation_portrait = replace_file(session, campaign.quotation_portrait, new)
        campaign.quotation, campaign.quotation_name, campaign.quotation_role = text, speaker, role
        campaign.quotation_alt = alt


def letter_text(campaign_id: int) -> Texts:
    """The campaign's letter to read, in CommonMark; in no language when there is none."""
    text: Texts = fetch(select(Campaign.letter_text).where(Campaign.id == campaign_id)).scalar_one()
    return text


def video_stamp(video: Video | OwnVideo | None) -> str:
    return stamp(_video_content(video))


@dataclass(frozen=True)
class VideoFields:
    """What an editor enters: an address or a file of our own, with what belongs to it."""

    address: str = ""  #: on YouTube or Vimeo
    file: str = ""  #: the name of a stored video
    drop_file: bool = False  #: take the present one away
    captions: Mapping[str, str] = field(default_factory=dict)  #: WebVTT, by language
    still: str = ""  #: the name of a stored wide picture
    drop_still: bool = False


def check_video(fields: VideoFields) -> tuple[Video | None, Texts]:
    """The video of an address, and the captions. Raises BadFields."""
    check = Checker()
    video = None
    try:
        video = parse_video(fields.address)
    except BadVideo:
        check.add("video", FieldFault.VIDEO)
    if video and fields.file:
        check.add("video", FieldFault.TWO_VIDEOS)
    kept = check.texts("captions", fields.captions)
    for lang, text in kept.items():
        try:
            check_captions(text)
        except BadCaptions:
            check.add(f"captions_{lang}", FieldFault.CAPTIONS)
    check.finish()
    return video, kept


def set_video(actor: Actor, slug: str, seen: str, fields: VideoFields) -> None:
    """Set the video: that of an address, or a stored file with its captions; without either it goes, with its picture.

    Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    elsewhere, kept = check_video(fields)
    with edited_part(actor, slug, seen, "video", lambda row: _video_content(campaign_video(row))) as (
        session,
        campaign,
    ):
        own = fields.file or ("" if fields.drop_file else campaign.video_file)
        if elsewhere and own:
            raise BadFields({"video": FieldFault.TWO_VIDEOS})
        if kept and not own and not fields.drop_file:
            raise BadFields({"own": FieldFault.MISSING})
        ending = files.video_ending(session, own) if own else ""
        if own != campaign.video_file:
            replace_file(session, campaign.video_file, own)
        has_video = bool(own or elsewhere)
        if fields.still or fields.drop_still or not has_video:
            still = fields.still if has_video else ""
            campaign.video_still = replace_file(session, campaign.video_still, still)
        campaign.video_provider = elsewhere.provider if elsewhere else ""
        campaign.video_id = elsewhere.id if elsewhere else ""
        campaign.video_file, campaign.video_format = own, ending
        campaign.video_captions = kept if own else Texts()


def set_letters(
    actor: Actor, slug: str, seen: str, *, new: Mapping[str, str], drop: frozenset[str] = frozenset()
) -> None:
    """Set the letter: `new` has the names of stored documents by language, `drop` the languages that lose theirs.

    Raises EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    with edited_part(actor, slug, seen, "letter", lambda row: {"letter": row.letter}) as (session, campaign):
        for lang in languages.codes():
            name = new.get(lang, "")
            if name or lang in drop:
                kept = {**campaign.letter, lang: replace_file(session, campaign.letter[lang], name)}
                campaign.letter = languages.texts(kept)


def set_letter_text(actor: Actor, slug: str, seen: str, text: Mapping[str, str]) -> None:
    """Write the letter as a page, in CommonMark; empty in every language removes it.

    Raises BadFields, EditedMeanwhile, NoSuchCampaign.
    """
    check = Checker()
    kept = check.texts("text", text)
    check.all_or_none("text", kept, languages.texts(dict.fromkeys(languages.codes(), "-")))
    check.finish()
    for lang, letter in kept.items():
        try:
            check_letter_text(lang, letter)
        except CannotTypeset:
            check.add(f"text_{lang}", FieldFault.LETTER)
    check.finish()
    with edited_part(actor, slug, seen, "letter_text", lambda row: {"text": row.letter_text}) as (
        _,
        campaign,
    ):
        campaign.letter_text = kept


def _video_content(video: Video | OwnVideo | None) -> dict[str, object]:
    content: dict[str, object] = {"provider": "", "id": "", "file": "", "still": "", "captions": Texts()}
    return content | (vars(video) if video else {})


class MissingContent(Enum):
    """What a visitor would miss, as staff read it."""

    PHOTO = Phrase("campaign", "A photograph")
    VIDEO = Phrase("campaign", "A video")
    #: of a video of our own
    CAPTIONS = Phrase("campaign", "Captions of the video in every language")
    LETTER = Phrase("campaign", "A letter to read or to download")
    QUOTATION = Phrase("campaign", "A quotation of somebody whom people know")
    SISTERS = Phrase("campaign", "Sister campaigns")
    #: organisations behind it that have no logo
    LOGOS = Phrase("campaign", "The logos of all organisations behind it")


def missing_content(campaign: Campaign) -> list[MissingContent]:
    """In the order in which a visitor would notice it."""
    video = campaign_video(campaign)
    there = {
        MissingContent.PHOTO: bool(campaign.photo),
        MissingContent.VIDEO: video is not None,
        MissingContent.CAPTIONS: not isinstance(video, OwnVideo) or video.captions.is_complete,
        MissingContent.LETTER: bool(campaign.letter_text or campaign.letter),
        MissingContent.QUOTATION: bool(campaign.quotation),
        MissingContent.SISTERS: bool(items.rows(SISTER, campaign.id)),
        MissingContent.LOGOS: all(row.logo for row in items.rows(PARTNER, campaign.id)),
    }
    return [what for what, is_there in there.items() if not is_there]
