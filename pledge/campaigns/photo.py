"""The photograph across a campaign's page: reading it, and what staff may do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import compare, edited, subject
from pledge.campaigns.rules import Checker, FieldFault, changed, stamp
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.files import services as files

COLUMNS = (Campaign.photo, Campaign.photo_alt, Campaign.photo_focus)


class PhotoFocus(StrEnum):
    """The part that stays in sight where the photograph is cut to the shape of the page."""

    LEFT_TOP = "left-top"
    TOP = "top"
    RIGHT_TOP = "right-top"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    LEFT_BOTTOM = "left-bottom"
    BOTTOM = "bottom"
    RIGHT_BOTTOM = "right-bottom"


@dataclass(frozen=True)
class Photo:
    """A campaign's photograph, as its editors see it."""

    file: str  #: a name in `files`; "" without one
    alt: Texts
    focus: PhotoFocus

    @property
    def stamp(self) -> str:
        return stamp(vars(self))


@dataclass(frozen=True)
class PhotoView:
    """A campaign's photograph in one language."""

    file: str
    alt: str
    focus: PhotoFocus


def stored(row: Row[*tuple[Any, ...]] | Campaign) -> Photo:
    """The photograph of a row that has COLUMNS."""
    return Photo(row.photo, row.photo_alt, PhotoFocus(row.photo_focus))


def of(campaign_id: int) -> Photo:
    """The photograph of a campaign as its editors see it."""
    with reading() as connection:
        return stored(connection.execute(select(*COLUMNS).where(Campaign.id == campaign_id)).one())


def view(row: Row[*tuple[Any, ...]], lang: str) -> PhotoView | None:
    """What the page shows of a row that has COLUMNS; None without a photograph."""
    photo = stored(row)
    return PhotoView(photo.file, photo.alt.of(lang), photo.focus) if photo.file else None


def set_photo(
    actor: Actor,
    slug: str,
    seen: str,
    alt: Mapping[str, str],
    focus: PhotoFocus,
    *,
    new: str = "",
    drop: bool = False,
) -> None:
    """Set the photograph: `new` is the name of a stored wide picture, `drop` takes the present one away.

    With a photograph, what it shows is needed in words in every language. Raises BadFields, EditedMeanwhile, UnknownFile,
    NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        stays = bool(new) or (bool(campaign.photo) and not drop)
        check = Checker()
        words = check.lines("alt", alt, required=stays)
        if words and not stays:
            check.add("photo", FieldFault.MISSING)
        check.finish()
        before = vars(stored(campaign))
        compare(seen, before)
        if new or drop:
            files.discard(session, campaign.photo)
            campaign.photo = new
        if new:
            files.keep(session, new)
        campaign.photo_alt, campaign.photo_focus = words, focus
        record(session, actor, "campaign.photo", subject(slug), **changed(before, vars(stored(campaign))))
