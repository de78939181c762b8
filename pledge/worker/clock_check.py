"""Whether this machine's clock agrees with the database's: with a wrong one the worker does nothing."""

import threading

from pledge.core import clock
from pledge.core.db import MAX_CLOCK_DIFFERENCE, clock_difference
from pledge.core.logs import log

#: Seconds between comparisons with the database's clock.
BETWEEN_CLOCK_CHECKS = 5.0


class ClockCheck:
    """Whether this machine's clock agrees with the database's; checked every few seconds, by one thread for all."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._due = 0.0
        self._passes = True

    def passes(self) -> bool:
        with self._asking:
            if clock.monotonic() >= self._due:
                self._ask()
            return self._passes

    def _ask(self) -> None:
        """Compare the clocks. Raises the errors of a database that is away."""
        difference = clock_difference()
        passes = abs(difference) <= MAX_CLOCK_DIFFERENCE
        if not passes:
            log.error("worker: wrong clock, nothing is done", database_ahead_seconds=round(difference, 1))
        elif not self._passes:
            log.warning("worker: the clock is right again")
        self._passes = passes
        self._due = clock.monotonic() + BETWEEN_CLOCK_CHECKS
