"""What staff may do with a campaign's media: the video with its picture, and the letter as a page and as a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import captions
from pledge.campaigns.captions import BadCaptions
from pledge.campaigns.moderation import compare, edited, new_text, subject
from pledge.campaigns.pdf import check_letter_text
from pledge.campaigns.rules import BadFields, Checker, FieldFault, changed, stamp
from pledge.campaigns.video import BadVideo, OwnVideo, Video, parse_video, stored
from pledge.core import languages
from pledge.core.languages import Texts
from pledge.core.typesetting import CannotTypeset
from pledge.files import services as files


def video_stamp(video: Video | OwnVideo | None) -> str:
    return stamp(_video_content(video))


def letters_stamp(letters: Mapping[str, str]) -> str:
    return stamp(letters)


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
            captions.check(text)
        except BadCaptions:
            check.add(f"captions_{lang}", FieldFault.CAPTIONS)
    check.finish()
    return video, kept


def set_video(actor: Actor, slug: str, seen: str, fields: VideoFields) -> None:
    """Set the video: that of an address, or a stored file with its captions; without either it goes, with its picture.

    Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    elsewhere, kept = check_video(fields)
    with edited(slug) as (session, campaign):
        before = _video_content(stored(campaign))
        compare(seen, before)
        own = fields.file or ("" if fields.drop_file else campaign.video_file)
        if elsewhere and own:
            raise BadFields({"video": FieldFault.TWO_VIDEOS})
        if kept and not own and not fields.drop_file:
            raise BadFields({"own": FieldFault.MISSING})
        ending = files.video_ending(session, own) if own else ""
        if own != campaign.video_file:
            files.discard(session, campaign.video_file)
            if own:
                files.keep(session, own)
        if not (own or elsewhere) or fields.still or fields.drop_still:
            files.discard(session, campaign.video_still)
            campaign.video_still = ""
        if fields.still and (own or elsewhere):
            files.keep(session, fields.still)
            campaign.video_still = fields.still
        campaign.video_provider = elsewhere.provider if elsewhere else ""
        campaign.video_id = elsewhere.id if elsewhere else ""
        campaign.video_file, campaign.video_format = own, ending
        campaign.video_captions = kept if own else Texts()
        words = changed(before, _video_content(stored(campaign)))
        record(session, actor, "campaign.video", subject(slug), **words)


def set_letters(
    actor: Actor, slug: str, seen: str, *, new: Mapping[str, str], drop: frozenset[str] = frozenset()
) -> None:
    """Set the letter: `new` has the names of stored documents by language, `drop` the languages that lose theirs.

    Raises EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        rows = {row.lang: row for row in campaign.texts}
        compare(seen, {lang: rows[lang].letter if lang in rows else "" for lang in languages.codes()})
        for lang in languages.codes():
            name = new.get(lang, "")
            if not name and lang not in drop:
                continue
            if lang not in rows:  # a language that the site has got since
                rows[lang] = new_text(lang)
                campaign.texts.append(rows[lang])
            files.discard(session, rows[lang].letter)
            if name:
                files.keep(session, name)
            rows[lang].letter = name
        record(
            session,
            actor,
            "campaign.letter",
            subject(slug),
            stored=sorted(lang for lang, row in rows.items() if row.letter),
        )


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
    with edited(slug) as (session, campaign):
        before = {"text": campaign.letter_text}
        compare(seen, before)
        campaign.letter_text = kept
        record(session, actor, "campaign.letter_text", subject(slug), **changed(before, {"text": kept}))


def letter_text_stamp(text: Texts) -> str:
    return stamp({"text": text})


def _video_content(video: Video | OwnVideo | None) -> dict[str, object]:
    content: dict[str, object] = {"provider": "", "id": "", "file": "", "still": "", "captions": Texts()}
    return content | (vars(video) if video else {})
