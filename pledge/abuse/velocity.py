"""Soft limits: whether many forms have come lately from one network, from the block around it, with one mail domain.

Beyond one nothing is refused; it is a signal (signals.py). The counters are where those of the limits are
(web/limits.py): in Redis, in one round trip, or in this process. Their keys are keyed hashes, so Redis reveals neither a
network nor a mail domain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond, parse_many
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from pledge.abuse.signals import Signal
from pledge.core.encryption import vault

#: Counts while Redis is away and nobody has noticed yet.
_in_process = MemoryStorage()


@dataclass(frozen=True)
class SoftLimit:
    """How often `what` may be seen before it is a signal: a text like `3 per 10 minutes`."""

    signal: Signal
    what: str  #: a network, a block, a domain, the mark of a form
    limit: str


def exceeded(storage: Storage, soft_limits: Sequence[SoftLimit], *, count: bool) -> set[Signal]:
    """Count one more form, if `count`, and tell which of the limits are exceeded."""
    counters = [(soft.signal, soft.what, item) for soft in soft_limits for item in parse_many(soft.limit)]
    keys = [_key(signal, what, item) for signal, what, item in counters]
    seconds = [item.get_expiry() for _, _, item in counters]
    try:
        numbers = _numbers(storage, keys, seconds, count=count)
    except RedisError:
        numbers = _numbers(_in_process, keys, seconds, count=count)
    return {
        signal for (signal, _, item), number in zip(counters, numbers, strict=True) if number > item.amount
    }


def first_time(storage: Storage, what: str, seconds: int) -> bool:
    """Whether `what` was not seen in the last seconds. Of several that ask at the same moment one is told yes."""
    once = RateLimitItemPerSecond(1, seconds, "pledge/once")
    try:
        return MovingWindowRateLimiter(storage).hit(once, what)
    except RedisError:
        return MovingWindowRateLimiter(_in_process).hit(once, what)


def _numbers(storage: Storage, keys: Sequence[str], seconds: Sequence[int], *, count: bool) -> list[int]:
    if not isinstance(storage, RedisStorage):
        if count:
            return [storage.incr(key, expiry) for key, expiry in zip(keys, seconds, strict=True)]
        return [storage.get(key) for key in keys]
    # Its `incr` would be one round trip for each counter.
    client = storage.get_connection()
    with client.pipeline(transaction=False) as trip:  # type: ignore[attr-defined]  # a client of redis; its type there is narrower
        for key, expiry in zip(keys, seconds, strict=True):
            if count:
                # In this order: a counter that begins between the two commands gets its end from the second.
                trip.incr(key).expire(key, expiry, nx=True)
            else:
                trip.get(key)
        answers = trip.execute()
    return [int(answer or 0) for answer in (answers[::2] if count else answers)]


def _key(signal: Signal, what: str, item: RateLimitItem) -> str:
    hashed = vault().keyed_hash(f"soft limit {signal} {item.get_expiry()} {what}")
    return f"pledge/soft/{signal}/{hashed.hex()}"
