"""The events of a campaign: their fields, what the page shows of them, and the calendar file (RFC 5545)."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from config import current_config
from pledge.campaigns.items import ItemKind
from pledge.campaigns.models import Campaign, CampaignEvent
from pledge.campaigns.rules import Checker, FieldFault, shown_link
from pledge.core import clock
from pledge.core.db import fetch, load
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts

if TYPE_CHECKING:
    from icalendar import Event

MAX_OUTCOME, MAX_SPEAKERS = 1000, 500
#: Korea has kept one time since 1988, so one rule suffices.
ZONE_FROM, ZONE_TO = date(2000, 1, 1), date(2100, 1, 1)
CALENDAR_TYPE = "text/calendar; charset=utf-8"
#: What a calendar says of an event, by the field: many show no URL.
_ABOUT = {
    "speakers": Phrase("calendar", "Speakers: %(it)s"),
    "join_url": Phrase("calendar", "Join online: %(it)s"),
    "url": Phrase("calendar", "Details and registration: %(it)s"),
}


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
    is_online: bool = False  #: people can take part online; with a place, there too
    join_url: str = ""  #: where they join, for everybody to see
    speakers: Texts = field(default_factory=Texts)


def has_any(slug: str) -> bool:
    """Whether the campaign's page shows an event, past ones too."""
    mine = select(CampaignEvent.id).join(Campaign).where(Campaign.slug == slug)
    return bool(fetch(select(mine.exists())).scalar_one())


def campaign_events(campaign_id: int) -> list[CampaignEvent]:
    """All events of a campaign, by time."""
    query = select(CampaignEvent).where(CampaignEvent.campaign_id == campaign_id)
    return load(query.order_by(CampaignEvent.starts_at, CampaignEvent.id))


def clean(fields: EventFields, *, required: bool) -> EventFields:
    """The fields as they will be kept; `required`: the title is needed in every language. Raises BadFields."""
    check = Checker()
    kept = replace(
        fields,
        title=check.lines("title", fields.title, required=required),
        place=check.lines("place", fields.place),
        url=check.link("url", fields.url),
        ends_at=None if fields.all_day and fields.ends_at == fields.starts_at else fields.ends_at,
        outcome=check.lines("outcome", fields.outcome, MAX_OUTCOME),
        join_url=check.link("join_url", fields.join_url),
        speakers=check.lines("speakers", fields.speakers, MAX_SPEAKERS),
    )
    check.any_language("title", kept.title)
    check.all_or_none("place", kept.place, kept.title)
    check.all_or_none("outcome", kept.outcome, kept.title)
    check.all_or_none("speakers", kept.speakers, kept.title)
    if kept.join_url and not kept.join_url.startswith("https://"):
        check.add("join_url", FieldFault.NO_HTTPS)
    if kept.join_url and not kept.is_online:
        check.add("join_url", FieldFault.NOT_ONLINE)
    if kept.ends_at is not None and kept.ends_at <= kept.starts_at:
        check.add("ends_at", FieldFault.ORDER)
    check.finish()
    return kept


def _first_revision(event: CampaignEvent) -> None:
    event.uid, event.sequence, event.changed_at = secrets.token_hex(16), 0, clock.now()


def _next_revision(event: CampaignEvent) -> None:
    """By it, calendars that subscribed learn of the change (RFC 5545, 3.8.7.4)."""
    event.sequence, event.changed_at = event.sequence + 1, clock.now()


EVENT = ItemKind(
    name="event",
    title="title",
    table=CampaignEvent,
    order=(CampaignEvent.starts_at, CampaignEvent.id),
    read=lambda row: EventFields(
        *(row.title, row.place, row.url, row.all_day, row.starts_at, row.ends_at, row.outcome),
        *(row.is_online, row.join_url, row.speakers),
    ),
    clean=clean,
    on_new=_first_revision,
    on_change=_next_revision,
)


def ics(events: Iterable[CampaignEvent], name: str, lang: str) -> bytes:
    """The file of some events under a name, in one language. The same events give the same bytes."""
    from icalendar import Calendar, Timezone  # noqa: PLC0415  # megabytes, only for who asks for a calendar

    calendar = Calendar()
    calendar.add("prodid", f"-//{current_config().base_host}//pledge//")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", " ".join(name.split()))  # the library would not escape a line break here
    calendar.add("x-wr-timezone", SEOUL.key)
    calendar.add_component(Timezone.from_tzinfo(SEOUL, first_date=ZONE_FROM, last_date=ZONE_TO))
    for event in events:
        calendar.add_component(_component(event, lang))
    return bytes(calendar.to_ical())


def _component(row: CampaignEvent, lang: str) -> "Event":
    from icalendar import Event  # noqa: PLC0415  # as above

    event = Event()
    event.add("uid", f"{row.uid}@{current_config().base_host}")
    event.add("dtstamp", row.changed_at.replace(microsecond=0))
    event.add("sequence", row.sequence)
    event.add("summary", row.title.in_language(lang))
    starts = row.starts_at.astimezone(SEOUL)
    if row.all_day:
        last = (row.ends_at or row.starts_at).astimezone(SEOUL).date()
        event.add("dtstart", starts.date())
        event.add("dtend", last + timedelta(days=1))  # RFC 5545 §3.6.1: the day after the last one
    else:
        event.add("dtstart", starts)
        if row.ends_at is not None:
            event.add("dtend", row.ends_at.astimezone(SEOUL))
    url, join_url = shown_link(row.url), shown_link(row.join_url)
    if place := row.place.in_language(lang) or join_url:
        event.add("location", place)
    if link := join_url or url:
        event.add("url", link)
    described = {"speakers": row.speakers.in_language(lang), "join_url": join_url, "url": url}
    if about := [_ABOUT[name].in_language(lang, it=it) for name, it in described.items() if it]:
        event.add("description", "\n".join(about))
    return event
