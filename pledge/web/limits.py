"""Rate limits, by Flask-Limiter: what counts as one visitor, and how a view declares its limits.

A visitor is an IPv4 address or an IPv6 /64; the /24 or /48 around it may use ten times the limit. The address is taken
through exactly PLEDGE_TRUSTED_PROXIES hops, so a forged X-Forwarded-For changes nothing. The counters are in Redis, and in
this process while Redis is away. Caps on mails are in the database, where they hold without any cache.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RequestLimit
from limits import parse_many
from limits.storage import Storage
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from config import Config, current_config
from pledge.core import clock, metrics
from pledge.core.networks import block_of, network_of

T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])

#: How many times a network's limit the block around it may use.
BLOCK_FACTOR = 10

#: Seconds that a hanging Redis may delay a request, once; then the counters in the process are used.
REDIS_TIMEOUT = 0.25
_REDIS_OPTIONS: dict[str, Any] = {
    "socket_timeout": REDIS_TIMEOUT,
    "socket_connect_timeout": REDIS_TIMEOUT,
    # Once, for a connection that died while idle; a hanging Redis is not tried again.
    "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
}
#: The Retry-After in seconds when Redis goes away between the count and the query of the wait.
UNKNOWN_WAIT = 60

#: Of all keys in Redis.
_KEY_PREFIX = "pledge"

#: In `g` while the hook of Flask-Limiter runs.
_IN_HOOK = "in_limiter_hook"

#: The counts in the text of a limit: the number at the start of each part.
_AMOUNT = re.compile(r"(?<![^,;|])\s*[0-9]+")


def client_network() -> str:
    """The network that a limit counts: `203.0.113.7` or `2001:db8:1:2::/64`."""
    return network_of(request.remote_addr or "")


def client_block() -> str:
    """The block of networks around the visitor's: `203.0.113.0/24` or `2001:db8:1::/48`."""
    return block_of(request.remote_addr or "")


def _route() -> str:
    """The route of the request, under which its counters are kept: `/<language:lang>/c/<slug>/sign`.

    With the endpoint, the library's default, a limited function that a view calls is evaluated three times. Empty in the
    library's own hook, which is for limits of the whole application, of which there are none.
    """
    return "" if request.url_rule is None or _IN_HOOK in g else request.url_rule.rule


limiter = Limiter(
    client_network,
    strategy="sliding-window-counter",
    in_memory_fallback_enabled=True,
    key_prefix=_KEY_PREFIX,
    request_identifier=_route,
)


def init_app(app: Flask, config: Config) -> None:
    app.before_request(lambda: setattr(g, _IN_HOOK, True))
    start_counting(app, config)
    app.before_request(lambda: delattr(g, _IN_HOOK))


def start_counting(app: Flask, config: Config) -> None:
    """Count in the Redis of the configuration, or from zero in this process."""
    app.config.update(
        RATELIMIT_STORAGE_URI=config.redis_url or "memory://",
        RATELIMIT_STORAGE_OPTIONS=_REDIS_OPTIONS if config.redis_url else {},
    )
    limiter.init_app(app)


def limited(limit: Callable[[], str], **options: Any) -> Callable[[View], View]:
    """Limit a view, or a function that views call: beyond `limit` (its text) it raises RateLimitExceeded.

    The visitor's network is counted, and against ten times the number the block around it. The options are those of
    Flask-Limiter's `limit`; with a `scope` the count is one for all views, else each view has its own. In the metrics a
    limit by `token_limit` is called `token`, that of the block `token_block`.
    """
    declare = limiter.shared_limit if "scope" in options else limiter.limit
    name = limit.__name__.removesuffix("_limit")

    def decorate(view: View) -> View:
        # The limit declared first, inside, is asked first: what a network may not do is not counted for its block.
        around = declare(
            lambda: scaled(limit(), BLOCK_FACTOR),
            key_func=client_block,
            on_breach=counted(f"{name}_block"),
            **options,
        )
        return _counted_in_process(around(declare(limit, on_breach=counted(name), **options)(view)))  # type: ignore[return-value]  # it has the shape of the view

    return decorate


@dataclass(frozen=True)
class Limit:
    """How often one visitor may use an address: PLEDGE_LIMIT_TOKEN of `token_limit`."""

    amount: Callable[[], str]
    deduct_when: Callable[[Response], bool] | None = None  #: for which answers a use counts; None: for all

    def around(self, view: View, methods: list[str] | None) -> View:
        return limited(self.amount, methods=methods, deduct_when=self.deduct_when)(view)


def _counted_in_process(view: Callable[..., Any]) -> Callable[..., Any]:
    """Of the requests that meet an outage of Redis at the same moment, Flask-Limiter takes one to the counters of the process
    and raises for the others. Those are checked again, which finds it there; no view has begun by then.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except RedisError:
            return view(*args, **kwargs)

    return checked


def counted(name: str) -> Callable[[RequestLimit], None]:
    """For Flask-Limiter's `on_breach`: count that the limit of this name was met."""

    def count(_breached: RequestLimit) -> None:
        metrics.limits_hit.labels(name).inc()

    return count


def with_counters(use: Callable[[Storage], T]) -> T:
    """What `use` counts or finds in Redis, or in this process while Redis is away."""
    if limiter.limiter.storage is not limiter.storage:
        _look_for_redis()
    try:
        return use(limiter.limiter.storage)
    except RedisError:
        _look_for_redis()
        return use(limiter.limiter.storage)


@_counted_in_process
@limiter.shared_limit("1000000 per second", scope="redis")
def _look_for_redis() -> None:
    """Have Flask-Limiter notice that Redis is away, or back: it does so where it counts. This limit is never met."""


def hit(limit: str, *keys: str) -> int | None:
    """Count one more for these keys, which are not the visitor's network. Beyond `limit` (its text): the seconds to wait.

    Ask after a limit of the network: that is where Flask-Limiter notices an outage of Redis and goes on in the process.
    """
    try:
        for item in parse_many(limit):
            if not limiter.limiter.hit(item, _KEY_PREFIX, *keys):
                return seconds_until(limiter.limiter.get_window_stats(item, _KEY_PREFIX, *keys).reset_time)
    except RedisError:  # gone since the limit of the network was asked
        return None
    return None


def seconds_to_wait() -> int:
    """Seconds until the refused visitor may try again."""
    refused = limiter.current_limit
    try:
        return UNKNOWN_WAIT if refused is None else seconds_until(refused.window.reset_time)
    except RedisError:  # gone since it counted this request
        return UNKNOWN_WAIT


def seconds_until(moment: float) -> int:
    return max(1, math.ceil(moment - clock.now().timestamp()))


def scaled(limit: str, factor: int) -> str:
    """The limit with every number of requests times `factor`: `300 per 10 minutes` by 2 is `600 per 10 minutes`."""
    return limit if factor == 1 else _AMOUNT.sub(lambda match: str(int(match[0]) * factor), limit)


def token_limit() -> str:
    return current_config().limit_token


def link_limit() -> str:
    return current_config().limit_link


def is_wrong(response: Response) -> bool:
    """Whether a wrong code was answered. Only those count, so that many people behind one address can confirm."""
    return response.status_code in (404, 422)


TOKEN_LIMIT = Limit(token_limit)
WRONG_TOKEN_LIMIT = Limit(token_limit, deduct_when=is_wrong)
LINK_LIMIT = Limit(link_limit)


@limited(token_limit, scope="unknown link")
def count_unknown_link() -> None:
    """Count one more invalid link; too many from one network are answered 429.

    Good links are neither counted nor delayed, so many people behind one address can confirm, whoever tries links among them.
    """
