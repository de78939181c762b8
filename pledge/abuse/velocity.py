"""How many forms have come lately from one network, from the block around it, with one mail domain.

Beyond some limits a form is refused; beyond others it has a signal (signals.py). All counters of a form are counted in one
round trip to Redis, or in this process while Redis is away (web/limits.py). Their keys are keyed hashes, so Redis reveals
neither a network nor a mail domain. A counter begins with the first form and ends when the time of its limit is over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond, parse_many
from limits.storage import RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from pledge.core.encryption import vault


@dataclass(frozen=True)
class FormLimit:
    """How often `what` may be seen: a text like `3 per 10 minutes`. Limits on the same thing in the same time share a counter."""

    name: str  #: a signal, or the name of a limit that refuses in the metrics
    what: str  #: a kind of counter, and the network, block, domain or mark of a form that it counts
    limit: str

    def parts(self) -> list[tuple[str, RateLimitItem]]:
        """The parts of its text, each with the key of its counter."""
        return [(_key(self.what, item), item) for item in parse_many(self.limit)]


def exceeded(storage: Storage, form_limits: Iterable[FormLimit], *, count: bool) -> set[FormLimit]:
    """Count one more form, if `count`, and tell which of the limits are exceeded. Raises RedisError."""
    parts = [(form_limit, *part) for form_limit in form_limits for part in form_limit.parts()]
    numbers = _add(storage, {key: item.get_expiry() for _, key, item in parts}, 1 if count else 0)
    return {form_limit for form_limit, key, item in parts if numbers[key] > item.amount}


def take_back(storage: Storage, form_limits: Iterable[FormLimit], refused_by: FormLimit) -> float:
    """Count a form less that was refused. When the limit that refused it ends, in seconds since 1970. Raises RedisError."""
    ends_at = max(
        storage.get_expiry(key) for key, item in refused_by.parts() if storage.get(key) > item.amount
    )
    parts = [part for form_limit in form_limits for part in form_limit.parts()]
    _add(storage, {key: item.get_expiry() for key, item in parts}, -1)
    return ends_at


def first_time(storage: Storage, what: str, seconds: int) -> bool:
    """Whether `what` was not seen in the last seconds. Of several that ask at the same moment one is told yes."""
    once = RateLimitItemPerSecond(1, seconds, "pledge/once")
    return MovingWindowRateLimiter(storage).hit(once, what)


def _add(storage: Storage, seconds: Mapping[str, int], amount: int) -> dict[str, int]:
    """The number of each counter, after adding to it. `seconds`: after which each ends."""
    if not isinstance(storage, RedisStorage):
        if not amount:
            return {key: storage.get(key) for key in seconds}
        return {key: storage.incr(key, expiry, amount) for key, expiry in seconds.items()}
    # Its `incr` would be one round trip for each counter.
    client = storage.get_connection()
    with client.pipeline(transaction=False) as trip:  # type: ignore[attr-defined]  # a client of redis; its type there is narrower
        for key, expiry in seconds.items():
            if amount:
                # In this order: a counter that begins between the two commands gets its end from the second.
                trip.incrby(storage.prefixed_key(key), amount).expire(
                    storage.prefixed_key(key), expiry, nx=True
                )
            else:
                trip.get(storage.prefixed_key(key))
        answers = trip.execute()
    numbers = answers[::2] if amount else answers
    return {key: int(number or 0) for key, number in zip(seconds, numbers, strict=True)}


def _key(what: str, item: RateLimitItem) -> str:
    return f"pledge/form/{vault().keyed_hash(f'form limit {item.get_expiry()} {what}').hex()}"
