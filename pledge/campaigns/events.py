"""The events of a campaign: what the page shows of them, and what staff may do with them."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, CampaignEvent, CampaignState
from pledge.campaigns.moderation import clean_reason, compare, edited, subject
from pledge.campaigns.rules import Checker, FieldFault, shown_link, stamp
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import clock, languages
from pledge.core.db import reading
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts

UNKNOWN_LENGTH = timedelta(hours=3)
MAX_OUTCOME = 1000


@dataclass(frozen=True)
class EventFields:
    """What the form holds; the moments in UTC. All-day: midnight in Seoul of the first and of the last day."""

    title: Texts
    place: Texts
    url: str
    all_day: bool
    starts_at: datetime
    ends_at: datetime | None
    outcome: Texts = field(default_factory=Texts)


FIELDS = tuple(EventFields.__annotations__)


@dataclass(frozen=True)
class EventRow:
    """An event as its editors see it."""

    id: int
    fields: EventFields

    @property
    def stamp(self) -> str:
        return stamp(vars(self.fields))


@dataclass(frozen=True)
class EventView:
    """An event in one language, for the page and for calendars."""

    id: int
    uid: str
    sequence: int
    title: str
    place: str
    url: str
    outcome: str  #: what became of it
    all_day: bool
    starts_at: datetime
    ends_at: datetime | None
    changed_at: datetime

    @property
    def is_over(self) -> bool:
        """One whose end is not known counts as over three hours after it began."""
        length = timedelta(days=1) if self.all_day else timedelta() if self.ends_at else UNKNOWN_LENGTH
        return (self.ends_at or self.starts_at) + length <= clock.now()

    @property
    def is_one_day(self) -> bool:
        """Whether the page need not say the day twice."""
        ends_at = self.ends_at or self.starts_at
        return ends_at.astimezone(SEOUL).date() == self.starts_at.astimezone(SEOUL).date()


def has_any(slug: str) -> bool:
    """Whether the campaign's page shows an event, past ones too."""
    mine = select(CampaignEvent.id).join(Campaign).where(Campaign.slug == slug)
    with reading() as connection:
        return bool(connection.execute(select(mine.exists())).scalar_one())


def shown(campaign_id: int, lang: str) -> list[EventView]:
    """All events of a campaign in one language, by time. What is not given in it is shown in another."""
    with reading() as connection:
        found = connection.execute(
            select(*CampaignEvent.__table__.c)
            .where(CampaignEvent.campaign_id == campaign_id)
            .order_by(CampaignEvent.starts_at, CampaignEvent.id)
        ).all()
    return [
        EventView(
            id=row.id,
            uid=row.uid,
            sequence=row.sequence,
            title=row.title.of(lang),
            place=row.place.of(lang),
            url=shown_link(row.url),
            outcome=row.outcome.of(lang),
            all_day=row.all_day,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            changed_at=row.changed_at,
        )
        for row in found
    ]


def rows(campaign_id: int) -> list[EventRow]:
    """The events of a campaign in all languages, by time."""
    with reading() as connection:
        found = connection.execute(
            select(*CampaignEvent.__table__.c)
            .where(CampaignEvent.campaign_id == campaign_id)
            .order_by(CampaignEvent.starts_at, CampaignEvent.id)
        ).all()
    return [EventRow(row.id, EventFields(*(getattr(row, name) for name in FIELDS))) for row in found]


def one(campaign_id: int, event_id: int) -> EventRow:
    """Raises NoSuchCampaign."""
    for row in rows(campaign_id):
        if row.id == event_id:
            return row
    raise NoSuchCampaign


def add(actor: Actor, slug: str, fields: EventFields) -> int:
    """Add an event; returns its number. Raises BadFields, NoSuchCampaign."""
    with edited(slug) as (session, campaign):
        kept = clean(fields, required=campaign.state != CampaignState.DRAFT)
        event = new_event(campaign.id, kept)
        session.add(event)
        session.flush()
        record(session, actor, "campaign.event.add", subject(slug), event=event.id, title=_title(kept))
        return event.id


def change(actor: Actor, slug: str, event_id: int, seen: str, fields: EventFields) -> None:
    """Change an event; calendars that subscribed learn of it. Raises BadFields, EditedMeanwhile, NoSuchCampaign."""
    with edited(slug) as (session, campaign):
        event = _own(campaign, event_id)
        kept = clean(fields, required=campaign.state != CampaignState.DRAFT)
        compare(seen, {name: getattr(event, name) for name in FIELDS})
        update_event(event, kept)
        record(session, actor, "campaign.event.change", subject(slug), event=event_id, title=_title(kept))


def remove(actor: Actor, slug: str, event_id: int, seen: str, reason: str) -> None:
    """Remove an event as it was seen, with a reason.

    Raises ReasonMissing, BadFields, EditedMeanwhile, NoSuchCampaign, also when somebody was faster.
    """
    reason = clean_reason(reason)
    with edited(slug) as (session, campaign):
        event = _own(campaign, event_id)
        compare(seen, {name: getattr(event, name) for name in FIELDS})
        title = event.title.of(languages.default())
        session.delete(event)
        record(
            session, actor, "campaign.event.remove", subject(slug), reason=reason, event=event_id, title=title
        )


def clean(fields: EventFields, *, required: bool) -> EventFields:
    """The fields as they will be kept; `required`: the title is needed in every language. Raises BadFields."""
    check = Checker()
    kept = EventFields(
        title=check.lines("title", fields.title, required=required),
        place=check.lines("place", fields.place),
        url=check.link("url", fields.url),
        all_day=fields.all_day,
        starts_at=fields.starts_at,
        ends_at=None if fields.all_day and fields.ends_at == fields.starts_at else fields.ends_at,
        outcome=check.lines("outcome", fields.outcome, MAX_OUTCOME),
    )
    check.any_language("title", kept.title)
    check.all_or_none("place", kept.place, kept.title)
    check.all_or_none("outcome", kept.outcome, kept.title)
    if kept.ends_at is not None and kept.ends_at <= kept.starts_at:
        check.add("ends_at", FieldFault.ORDER)
    check.finish()
    return kept


def new_event(campaign_id: int, fields: EventFields) -> CampaignEvent:
    """A row with a new UID, by which calendars recognise it; clean fields only."""
    return CampaignEvent(
        campaign_id=campaign_id,
        uid=secrets.token_hex(16),
        sequence=0,
        changed_at=clock.now(),
        **vars(fields),
    )


def update_event(event: CampaignEvent, fields: EventFields) -> None:
    """Write clean fields into a row; when something differs it counts as a revision of the event."""
    if all(getattr(event, name) == value for name, value in vars(fields).items()):
        return
    for name, value in vars(fields).items():
        setattr(event, name, value)
    event.sequence, event.changed_at = event.sequence + 1, clock.now()


def _own(campaign: Campaign, event_id: int) -> CampaignEvent:
    for event in campaign.events:
        if event.id == event_id:
            return event
    raise NoSuchCampaign


def _title(fields: EventFields) -> str:
    return fields.title.of(languages.default())
