"""The lists of a campaign that staff edit item by item: partners, events, sister campaigns.

Each list is described by an `ItemKind` (partners.py, events.py): its table, its fields and their rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, CampaignState
from pledge.campaigns.moderation import audit_name, clean_reason, compare, edited, replace_file
from pledge.campaigns.rules import changed, stamp
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import languages
from pledge.core.db import fetch
from pledge.core.languages import Texts

#: What the form of a kind holds: a frozen dataclass whose names are columns of the table.
Fields = TypeVar("Fields")


@dataclass(frozen=True)
class ItemKind(Generic[Fields]):
    """What differs between the lists."""

    name: str  #: in the audit log: `campaign.<name>.add`
    title: str  #: the field by which people recognise an item, a text in each language
    table: type[Any]
    order: tuple[Any, ...]  #: columns
    read: Callable[[Any], Fields]  #: the fields of a row
    #: The fields as they will be kept; with `required=True`, the title is needed in every language. Raises BadFields.
    clean: Callable[..., Fields]
    on_new: Callable[[Any], None] | None = None  #: called with a row before it is stored
    on_change: Callable[[Any], None] | None = None  #: called with a stored row that got other fields
    #: Called once an item, with the fields that it had, was changed or removed. Raises BadFields.
    check_rest: Callable[[Session, Campaign, Fields], None] | None = None
    has_logo: bool = False  #: a column `logo`, a name in `files`
    has_position: bool = False  #: staff put them in order: a column `position`


@dataclass(frozen=True)
class Item(Generic[Fields]):
    """An item as its editors see it, in all languages."""

    id: int
    title: Texts
    fields: Fields
    logo: str

    @property
    def content(self) -> dict[str, object]:
        """The stored values that an edit is compared with."""
        return {**vars(self.fields), "logo": self.logo}

    @property
    def stamp(self) -> str:
        return stamp(self.content)


def rows(kind: ItemKind[Fields], campaign_id: int) -> list[Item[Fields]]:
    """The items of a campaign in their order."""
    query = select(*kind.table.__table__.c).where(kind.table.campaign_id == campaign_id)
    return [item(kind, row) for row in fetch(query.order_by(*kind.order))]


def get(kind: ItemKind[Fields], campaign_id: int, number: int) -> Item[Fields]:
    """Raises NoSuchCampaign."""
    for row in rows(kind, campaign_id):
        if row.id == number:
            return row
    raise NoSuchCampaign


def check(kind: ItemKind[Fields], fields: Fields, state: CampaignState) -> Fields:
    """The fields as a campaign in this state keeps them: what is public has its title in every language. Raises BadFields."""
    return kind.clean(fields, required=state is not CampaignState.DRAFT)


def add(kind: ItemKind[Fields], actor: Actor, slug: str, fields: Fields, logo: str = "") -> int:
    """Add an item at the end; returns its number. `logo` is the name of a stored picture. Raises BadFields, UnknownFile."""
    with edited(slug) as (session, campaign):
        clean = check(kind, fields, CampaignState(campaign.state))
        stored = new(kind, campaign.id, clean)
        if kind.has_position:
            stored.position = next_position(session, kind, campaign)
        if logo:
            stored.logo = replace_file(session, "", logo)
        session.add(stored)
        session.flush()
        _record(session, actor, kind, slug, stored, act="add")
        return int(stored.id)


def next_position(session: Session, kind: ItemKind[Any], campaign: Campaign) -> int:
    """The position after the last item."""
    highest = select(func.max(kind.table.position)).where(kind.table.campaign_id == campaign.id)
    last = session.scalar(highest)
    return 0 if last is None else last + 1


def change(
    kind: ItemKind[Fields],
    actor: Actor,
    slug: str,
    number: int,
    fields: Fields,
    *,
    seen: str,
    logo: str = "",
    drop_logo: bool = False,
) -> None:
    """Change an item as it was seen; a new `logo` replaces the old one.

    Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        stored = _stored(session, kind, campaign, number)
        clean = check(kind, fields, CampaignState(campaign.state))
        seen_now = item(kind, stored)
        before = seen_now.content
        compare(seen, before)
        write(kind, stored, clean)
        if kind.check_rest is not None:
            kind.check_rest(session, campaign, seen_now.fields)
        if logo or drop_logo:
            stored.logo = replace_file(session, stored.logo, logo)
        _record(session, actor, kind, slug, stored, act="change", before=before)


def move(kind: ItemKind[Fields], actor: Actor, slug: str, number: int, *, up: bool) -> None:
    """Move an item one place up or down, if there is one. Raises NoSuchCampaign."""
    position = kind.table.position
    with edited(slug) as (session, campaign):
        stored = _stored(session, kind, campaign, number)
        query = select(kind.table).where(
            kind.table.campaign_id == campaign.id,
            position < stored.position if up else position > stored.position,
        )
        other = session.scalar(query.order_by(position.desc() if up else position).limit(1))
        if other is None:
            return
        mine, others = stored.position, other.position
        # Two rows may not have one position, not even for a moment.
        stored.position = -1
        session.flush()
        other.position = mine
        session.flush()
        stored.position = others
        facts: dict[str, Any] = {kind.name: number, "up": up}
        record(session, actor, f"campaign.{kind.name}.move", audit_name(slug), **facts)


def remove(kind: ItemKind[Fields], actor: Actor, slug: str, number: int, *, seen: str, reason: str) -> None:
    """Remove an item as it was seen, with a reason.

    Raises BadFields, EditedMeanwhile, NoSuchCampaign, also when somebody was faster.
    """
    reason = clean_reason(reason)
    with edited(slug) as (session, campaign):
        stored = _stored(session, kind, campaign, number)
        seen_now = item(kind, stored)
        compare(seen, seen_now.content)
        replace_file(session, seen_now.logo, "")
        _record(session, actor, kind, slug, stored, act="remove", before=seen_now.content, reason=reason)
        session.delete(stored)
        if kind.check_rest is not None:
            kind.check_rest(session, campaign, seen_now.fields)


def new(kind: ItemKind[Fields], campaign_id: int, fields: Fields) -> Any:
    """A row with clean fields that is not stored yet."""
    row = kind.table(campaign_id=campaign_id, **vars(fields))
    if kind.on_new is not None:
        kind.on_new(row)
    return row


def write(kind: ItemKind[Fields], stored: Any, fields: Fields) -> None:
    """Write clean fields into a stored row; the same fields again are no change."""
    if kind.read(stored) == fields:
        return
    for name, value in vars(fields).items():
        setattr(stored, name, value)
    if kind.on_change is not None:
        kind.on_change(stored)


def item(kind: ItemKind[Fields], row: Any) -> Item[Fields]:
    """From a row of the table or its ORM object."""
    fields = kind.read(row)
    return Item(row.id, getattr(fields, kind.title), fields, row.logo if kind.has_logo else "")


def _stored(session: Session, kind: ItemKind[Fields], campaign: Campaign, number: int) -> Any:
    for stored in session.scalars(select(kind.table).where(kind.table.campaign_id == campaign.id)):
        if stored.id == number:
            return stored
    raise NoSuchCampaign


def _record(
    session: Session,
    actor: Actor,
    kind: ItemKind[Any],
    slug: str,
    stored: Any,
    *,
    act: str,
    before: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    facts = {kind.name: stored.id, kind.title: getattr(stored, kind.title).in_language(languages.default())}
    facts |= changed(before or {}, {} if act == "remove" else item(kind, stored).content)
    record(session, actor, f"campaign.{kind.name}.{act}", audit_name(slug), reason=reason, **facts)
