"""Slots: how many requests work at a time, and who waits for one.

Requests of each urgency have a queue, and a free slot goes to the most urgent first. Who would wait longer than the
deadline is refused at once: by Little's law a request waits as long as those before it take, which is their
number times what requests took lately, divided by the slots. When nothing begins or finishes for a second (the database
does not answer), everybody is refused.
"""

import threading
from collections import deque
from dataclasses import dataclass

from pledge.core import clock

#: Seconds without any request that began or finished, after which nobody waits any longer.
STALLED = 1.0
#: Share of the newest request in the average of how long requests take.
_NEWEST = 1 / 16


@dataclass(frozen=True)
class Urgency:
    """Requests that are equally urgent."""

    name: str
    deadline: float  #: seconds that one of them waits at most
    waiting: int  #: how many of them wait at most; each occupies a thread of the server


class _Turn:
    """Somebody in a queue, who is told when a slot is theirs."""

    def __init__(self) -> None:
        self.told = threading.Event()


class Slots:
    """So many requests at a time, of these urgencies, the most urgent first."""

    def __init__(self, number: int, *urgencies: Urgency) -> None:
        self._number = self._free = number
        self._queues: dict[Urgency, deque[_Turn]] = {urgency: deque() for urgency in urgencies}
        self._lock = threading.Lock()
        self._moved_at = clock.monotonic()
        self._usual = 0.0  #: seconds that a request has its slot

    def take(self, urgency: Urgency) -> bool:
        """Wait for a slot. False: there is none in time, mostly known at once."""
        with self._lock:
            if self._free:
                self._free -= 1
                self._moved_at = clock.monotonic()
                return True
            queue = self._queues[urgency]
            if (
                len(queue) >= urgency.waiting
                or self._expected_wait(urgency) > urgency.deadline
                or self._is_stalled()
            ):
                return False
            turn = _Turn()
            queue.append(turn)
        return self._wait(turn, queue, clock.monotonic() + urgency.deadline)

    def give_back(self, began: float) -> None:
        """Pass the slot on. `began`: when its request began to work, in seconds of clock.monotonic()."""
        with self._lock:
            self._moved_at = clock.monotonic()
            self._usual += (self._moved_at - began - self._usual) * _NEWEST
            for queue in self._queues.values():
                if queue:
                    queue.popleft().told.set()
                    return
            self._free += 1

    def waiting(self) -> int:
        """How many wait for a slot."""
        return sum(len(queue) for queue in self._queues.values())

    def _expected_wait(self, urgency: Urgency) -> float:
        ahead = 1
        for other, queue in self._queues.items():
            ahead += len(queue)
            if other is urgency:
                break
        return ahead * self._usual / self._number

    def _is_stalled(self) -> bool:
        return clock.monotonic() - self._moved_at >= STALLED

    def _wait(self, turn: _Turn, queue: deque[_Turn], until: float) -> bool:
        while (left := min(self._moved_at + STALLED, until) - clock.monotonic()) > 0:
            if turn.told.wait(left):
                return True
        with self._lock:
            if turn.told.is_set():  # at the last moment
                return True
            queue.remove(turn)
            return False
