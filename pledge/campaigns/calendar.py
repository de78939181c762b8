"""Events as a calendar file (RFC 5545), with the time zone written out, so that every calendar shows Seoul's hour right."""

from collections.abc import Iterable
from datetime import date, timedelta

from icalendar import Calendar, Event, Timezone

from pledge.campaigns.events import EventView
from pledge.core import urls
from pledge.core.i18n import SEOUL

#: Korea has kept one time since 1988, so one rule suffices.
ZONE_FROM, ZONE_TO = date(2000, 1, 1), date(2100, 1, 1)
MEDIA_TYPE = "text/calendar; charset=utf-8"


def ics(events: Iterable[EventView], name: str) -> bytes:
    """The file of some events under a name. The same events give the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", f"-//{urls.host()}//pledge//")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", " ".join(name.split()))  # the library would not escape a line break here
    calendar.add("x-wr-timezone", SEOUL.key)
    calendar.add_component(Timezone.from_tzinfo(SEOUL, first_date=ZONE_FROM, last_date=ZONE_TO))
    for event in events:
        calendar.add_component(_event(event))
    return bytes(calendar.to_ical())


def _event(view: EventView) -> Event:
    event = Event()
    event.add("uid", f"{view.uid}@{urls.host()}")
    event.add("dtstamp", view.changed_at.replace(microsecond=0))
    event.add("sequence", view.sequence)
    event.add("summary", view.title)
    starts = view.starts_at.astimezone(SEOUL)
    if view.all_day:
        last = (view.ends_at or view.starts_at).astimezone(SEOUL).date()
        event.add("dtstart", starts.date())
        event.add("dtend", last + timedelta(days=1))  # RFC 5545 §3.6.1: the day after the last one
    else:
        event.add("dtstart", starts)
        if view.ends_at is not None:
            event.add("dtend", view.ends_at.astimezone(SEOUL))
    if view.place:
        event.add("location", view.place)
    if view.url:
        event.add("url", view.url)
        event.add("description", view.url)  # many calendars show no URL
    return event
