"""The counters behind the limits: in Redis, shared by all processes, and in this process while Redis is away.

The counting itself is the `limits` library's. Flask-Limiter, which wraps it, is not used: its work for each request cost a
sixth of a sign-up (docs/adr/0043).
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from pledge import clock
from pledge.logs import log

T = TypeVar("T")

#: Seconds that a hanging Redis may hold a request, once; then the counters in the process take over.
REDIS_TIMEOUT = 0.25
#: Seconds between looks whether Redis is back: doubled each time up to the longest.
FIRST_LOOK, LONGEST_LOOK = 1.0, 32.0
#: What a visitor is told to wait when Redis goes away between the count and the question.
UNKNOWN_WAIT = 60.0

PREFIX = "pledge"


class Counters:
    """The counters of one application."""

    def __init__(self, redis_url: str) -> None:
        self.own = SlidingWindowCounterRateLimiter(storage_from_string("memory://"))
        self.away = False
        self._redis_url = redis_url
        self._thread = threading.local()
        self._next_look, self._pause = 0.0, FIRST_LOOK

    @property
    def shared(self) -> SlidingWindowCounterRateLimiter:
        """The counters in Redis. A connection for each thread: to lend one from a pool costs as much as a question."""
        found: SlidingWindowCounterRateLimiter | None = getattr(self._thread, "shared", None)
        if found is None:
            storage = storage_from_string(
                self._redis_url,
                single_connection_client=True,
                # Once, for a connection that died while idle; a Redis that hangs is not asked again.
                retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),  # type: ignore[arg-type]  # passed on as it is
                socket_timeout=REDIS_TIMEOUT,
                socket_connect_timeout=REDIS_TIMEOUT,
            )
            found = self._thread.shared = SlidingWindowCounterRateLimiter(storage)
        return found

    def hit(self, limit: str, *who: str) -> bool:
        """Count one more for `who` (network, scope); False when that is more than the limit allows."""
        return self._ask(lambda counters: all(counters.hit(item, PREFIX, *who) for item in items(limit)))

    def has_room(self, limit: str, *who: str) -> bool:
        """Whether one more would be allowed; counts nothing."""
        return self._ask(lambda counters: all(counters.test(item, PREFIX, *who) for item in items(limit)))

    def seconds_until_room(self, limit: str, *who: str) -> float:
        """How long `who`, refused, should wait."""
        now = clock.now().timestamp()
        try:
            counters = self._in_use()
            full = [item for item in items(limit) if not counters.test(item, PREFIX, *who)]
            ends = [counters.get_window_stats(item, PREFIX, *who).reset_time for item in full]
        except RedisError:  # gone since it counted this request
            return UNKNOWN_WAIT
        return max(ends, default=now) - now

    def reset(self) -> None:
        """Forget everybody."""
        self.own.storage.reset()
        if self._redis_url:
            self.shared.storage.reset()

    def _ask(self, question: Callable[[SlidingWindowCounterRateLimiter], T]) -> T:
        try:
            return question(self._in_use())
        except RedisError as error:
            log.warning("redis away", kind=type(error).__name__)
            self._pause = FIRST_LOOK
            self._look_later()
            self.away = True
            return question(self.own)

    def _in_use(self) -> SlidingWindowCounterRateLimiter:
        if not self._redis_url or (self.away and not self._is_back()):
            return self.own
        return self.shared

    def _is_back(self) -> bool:
        if clock.monotonic() < self._next_look:
            return False
        # Moved on before the look, so that of many threads one waits for a Redis that still hangs.
        self._pause = min(self._pause * 2, LONGEST_LOOK)
        self._look_later()
        with suppress(RedisError):
            self.away = not self.shared.storage.check()
        return not self.away

    def _look_later(self) -> None:
        self._next_look = clock.monotonic() + self._pause


@lru_cache(maxsize=16)
def items(limit: str) -> list[RateLimitItem]:
    """The limits in words like `300 per 10 minutes`."""
    return sorted(parse_many(limit))
