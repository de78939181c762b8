"""A clock that a test moves. It replaces pledge.core.clock and the time inside signed tokens."""

import time
from datetime import UTC, datetime, timedelta

import cachelib.simple
import pytest
from itsdangerous import TimestampSigner

from pledge.core import clock


class Clock:
    """Runs with the real time, shifted by what the test asked for; frozen, it moves only by the test's hand."""

    def __init__(self, *, frozen: bool) -> None:
        self._shift = timedelta()
        self._stopped_at = (datetime.now(UTC).replace(microsecond=0), time.monotonic()) if frozen else None

    def now(self) -> datetime:
        base = self._stopped_at[0] if self._stopped_at else datetime.now(UTC)
        return base + self._shift

    def monotonic(self) -> float:
        base = self._stopped_at[1] if self._stopped_at else time.monotonic()
        return base + self._shift.total_seconds()

    def move(self, **units: float) -> None:
        """`clock.move(days=8)`; negative to go back."""
        self._shift += timedelta(**units)

    def move_to_noon(self) -> None:
        """In Seoul: the next hours belong to one day, whenever the test is run."""
        self.move(hours=(3 - self.now().hour) % 24)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> "Clock":
        monkeypatch.setattr(clock, "now", self.now)
        monkeypatch.setattr(clock, "monotonic", self.monotonic)
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: int(self.now().timestamp()))
        monkeypatch.setattr(cachelib.simple, "time", lambda: self.now().timestamp())
        return self
