"""What staff may do with a campaign's media: the video with its picture, and the letter as a page and as a file."""

from collections.abc import Mapping

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import compare, edited, new_text, subject
from pledge.campaigns.rules import BadFields, Checker, FieldFault, stamp
from pledge.campaigns.video import BadVideo, Video, parse_video
from pledge.core import languages
from pledge.core.languages import Texts
from pledge.files import services as files


def video_stamp(video: Video | None) -> str:
    return stamp(_video_content(video))


def letters_stamp(letters: Mapping[str, str]) -> str:
    return stamp(letters)


def read_video(address: str) -> Video | None:
    """The video of an address; None for "". Raises BadFields."""
    try:
        return parse_video(address)
    except BadVideo:
        raise BadFields({"video": FieldFault.VIDEO}) from None


def set_video(
    actor: Actor, slug: str, seen: str, address: str, *, still: str = "", drop_still: bool = False
) -> None:
    """Set the video to that of an address; "" removes it, with its picture. `still` is the name of a stored picture.

    Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    video = read_video(address)
    with edited(slug) as (session, campaign):
        compare(seen, _stored_video(campaign))
        if video is None or still or drop_still:
            files.discard(session, campaign.video_still)
            campaign.video_still = ""
        if video is not None and still:
            files.keep(session, still)
            campaign.video_still = still
        campaign.video_provider = video.provider if video else ""
        campaign.video_id = video.id if video else ""
        record(session, actor, "campaign.video", subject(slug), video=video.link if video else "")


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
    with edited(slug) as (session, campaign):
        compare(seen, {"text": campaign.letter_text})
        campaign.letter_text = kept
        record(session, actor, "campaign.letter_text", subject(slug), languages=sorted(kept))


def letter_text_stamp(text: Texts) -> str:
    return stamp({"text": text})


def _stored_video(campaign: Campaign) -> dict[str, object]:
    return {"provider": campaign.video_provider, "id": campaign.video_id, "still": campaign.video_still}


def _video_content(video: Video | None) -> dict[str, object]:
    if video is None:
        return {"provider": "", "id": "", "still": ""}
    return {"provider": video.provider, "id": video.id, "still": video.still}
