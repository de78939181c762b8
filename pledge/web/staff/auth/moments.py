"""Days and hours as form fields send and show them: typed in Seoul's time, stored in UTC."""

from datetime import date, datetime, time

from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from pledge.campaigns.events import EventFields
from pledge.core import languages
from pledge.core.i18n import SEOUL

#: Years that a form accepts: others are mistakes, and some of them cannot be represented.
YEARS = range(2000, 2101)
BAD_MOMENT = _l("Enter a day and a time between 2000 and 2100.")


def moment(text: str | None) -> datetime | None:
    """What a field of type datetime-local sends, typed in Seoul's time. Raises ValidationError."""
    if not text or not text.strip():
        return None
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValidationError(BAD_MOMENT) from None
    if typed.tzinfo is not None or typed.year not in YEARS:
        raise ValidationError(BAD_MOMENT)
    return typed.replace(tzinfo=SEOUL)


def day(text: str | None) -> date | None:
    if not text or not text.strip():
        return None
    try:
        typed = date.fromisoformat(text.strip())
    except ValueError:
        raise ValidationError(BAD_MOMENT) from None
    if typed.year not in YEARS:
        raise ValidationError(BAD_MOMENT)
    return typed


def hour(text: str | None) -> time | None:
    if not text or not text.strip():
        return None
    try:
        typed = time.fromisoformat(text.strip())
    except ValueError:
        raise ValidationError(BAD_MOMENT) from None
    if typed.tzinfo is not None:
        raise ValidationError(BAD_MOMENT)
    return typed


def at(on: date, hour_of_day: time | None = None) -> datetime:
    return datetime.combine(on, hour_of_day or time(), SEOUL)


def typed_moment(stored: datetime | None) -> str:
    """A stored moment as a field of type datetime-local shows it, in Seoul's time."""
    return "" if stored is None else stored.astimezone(SEOUL).strftime("%Y-%m-%dT%H:%M")


def typed_event(event: EventFields) -> dict[str, object]:
    """The fields of an event as its form shows them."""
    first, last = event.starts_at.astimezone(SEOUL), event.ends_at and event.ends_at.astimezone(SEOUL)
    return {
        **languages.by_field("title", event.title),
        **languages.by_field("place", event.place),
        **languages.by_field("outcome", event.outcome),
        "url": event.url,
        "is_online": event.is_online,
        "start_day": first.date().isoformat(),
        "start_time": "" if event.all_day else first.strftime("%H:%M"),
        "end_day": last.date().isoformat() if last and last.date() != first.date() else "",
        "end_time": last.strftime("%H:%M") if last and not event.all_day else "",
    }
