"""What a visitor of a campaign would miss. Nothing of it is needed to publish."""

from enum import StrEnum

from pledge.campaigns import items, photo, quotation
from pledge.campaigns.partners import PARTNER
from pledge.campaigns.sisters import SISTER
from pledge.campaigns.staff_queries import CampaignDesk
from pledge.campaigns.video import OwnVideo


class Missed(StrEnum):
    PHOTO = "photo"
    VIDEO = "video"
    CAPTIONS = "captions"  #: of a video of our own, in every language
    LETTER = "letter"
    QUOTATION = "quotation"
    SISTERS = "sisters"
    LOGOS = "logos"  #: organisations behind it that have no logo


def missed(desk: CampaignDesk) -> list[Missed]:
    """In the order in which a visitor would notice it."""
    there = {
        Missed.PHOTO: bool(photo.of(desk.id).file),
        Missed.VIDEO: desk.video is not None,
        Missed.CAPTIONS: not isinstance(desk.video, OwnVideo) or desk.video.captions.is_complete,
        Missed.LETTER: bool(desk.letter_text) or any(desk.letters.values()),
        Missed.QUOTATION: bool(quotation.of(desk.id).quotation),
        Missed.SISTERS: bool(items.rows(SISTER, desk.id)),
        Missed.LOGOS: all(row.logo for row in items.rows(PARTNER, desk.id)),
    }
    return [what for what, is_there in there.items() if not is_there]
