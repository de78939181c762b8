"""The one place that reads the clock, so that tests can move it. Everything inside is UTC and aware."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def machine_time() -> datetime:
    """What this machine takes for the time, aware, in UTC; only to hold it against another clock."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds from an arbitrary point; for ages and pauses, never for dates."""
    return time.monotonic()
