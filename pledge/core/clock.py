"""The only module that reads the clock, so that tests can set it. Datetimes are aware and in UTC."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_ISO_UTC = "%Y-%m-%dT%H:%M:%SZ"


_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def now() -> datetime:
    """The current time: an aware datetime in UTC."""
    return _pretended.get() or datetime.now(UTC)


@contextmanager
def pretend(moment: datetime) -> Iterator[None]:
    """Make `now()` return this moment inside the block. Only for the history of sample data (tools/demo)."""
    token = _pretended.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _pretended.reset(token)


def iso_utc(moment: datetime) -> str:
    """An aware datetime in UTC to the second (RFC 3339): `2026-11-26T10:30:00Z`."""
    return moment.astimezone(UTC).strftime(_ISO_UTC)


def from_iso_utc(text: str) -> datetime:
    """Parse what iso_utc() wrote. Raises ValueError for any other text."""
    return datetime.strptime(text, _ISO_UTC).replace(tzinfo=UTC)


def machine_time() -> datetime:
    """The time of this machine, even where a test has set now(). Only for comparing it with another clock."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds from an arbitrary point; for ages and pauses, never for dates."""
    return time.monotonic()
