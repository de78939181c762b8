"""Rate limits, by Flask-Limiter: who counts as one visitor, and how a view declares its limits.

A visitor is an IPv4 address or an IPv6 /64; the /24 or /48 around it may use ten times the limit. The address is taken
through exactly PLEDGE_TRUSTED_PROXIES hops, so a forged X-Forwarded-For changes nothing. The counters are in Redis, shared
by all processes, and in this process while Redis is away. Caps on mails are not here: they are in the database, where they
hold with every cache gone.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, current_app, request
from flask_limiter import Limiter
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config, current_config
from pledge import clock
from pledge.networks import block_of, network_of

View = TypeVar("View", bound=Callable[..., Any])

#: How many times a network's limit the block around it may use.
BLOCK_FACTOR = 10

#: Seconds that a hanging Redis may hold a request, once; then the counters in the process take over.
REDIS_TIMEOUT = 0.25
_REDIS_OPTIONS: dict[str, Any] = {
    "socket_timeout": REDIS_TIMEOUT,
    "socket_connect_timeout": REDIS_TIMEOUT,
    # Once, for a connection that died while idle; a Redis that hangs is not asked again.
    "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
}
#: Seconds that a visitor is told to wait when Redis goes away between the count and the question.
UNKNOWN_WAIT = 60

_LIMITER = "pledge.limiter"
_COUNTING = "pledge.counting"
_DECLARED = "pledge_limits"

#: In the words of a limit, how many: the number that stands first in each of its parts.
_AMOUNT = re.compile(r"(?<![^,;|])\s*[0-9]+")


def init_app(app: Flask, config: Config) -> None:
    hops = config.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # Flask's own documented hook
    app.extensions[_COUNTING] = {}
    app.extensions[_LIMITER] = Limiter(
        client_network,
        app=app,
        strategy="sliding-window-counter",
        storage_uri=config.redis_url or "memory://",
        storage_options=_REDIS_OPTIONS if config.redis_url else {},
        in_memory_fallback_enabled=True,
        key_prefix="pledge",
    )


def protect(app: Flask) -> None:
    """Put the declared limits around the views of an application, once all are registered.

    Each application has a limiter of its own, so the views, which are the module's, cannot be bound to one before.
    """
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = _limit(app.extensions[_LIMITER], view)


def limited(limit: Callable[[], str], **options: Any) -> Callable[[View], View]:
    """Declare that a view answers 429 beyond `limit` (its words). The options are those of Flask-Limiter's shared_limit.

    Without a `key_func` the visitor's network is counted, and with ten times the number the block around it. With
    `deduct_when` only the answers of that kind count; then too no view is run once the limit is reached.
    """
    declared = [(limit, options)]
    if "key_func" not in options:
        declared.append((lambda: scaled(limit(), BLOCK_FACTOR), {**options, "key_func": client_block}))

    def declare(view: View) -> View:
        setattr(view, _DECLARED, [*getattr(view, _DECLARED, ()), *declared])
        return view

    return declare


def _limit(limiter: Limiter, view: Callable[..., Any]) -> Callable[..., Any]:
    scope = f"{view.__module__}.{view.__name__}"
    for limit, options in getattr(view, _DECLARED, ()):
        view = limiter.shared_limit(limit, scope, **options)(view)
    return view


def counted(limit: Callable[[], str], **options: Any) -> Callable[[View], View]:
    """Declare the limit of a function that views call: beyond it the call raises RateLimitExceeded."""

    def declare(function: View) -> View:
        limited(limit, **options)(function)

        @wraps(function)
        def counting(*args: Any, **values: Any) -> Any:
            known = current_app.extensions[_COUNTING]
            if function not in known:
                known[function] = _limit(current_app.extensions[_LIMITER], function)
            return known[function](*args, **values)

        return cast("View", counting)

    return declare


def seconds_to_wait() -> int:
    """How long the visitor whose request was refused should wait."""
    limiter: Limiter = current_app.extensions[_LIMITER]
    refused = limiter.current_limit
    try:
        return UNKNOWN_WAIT if refused is None else max(1, refused.reset_at - int(clock.now().timestamp()))
    except RedisError:  # gone since it counted this request
        return UNKNOWN_WAIT


def client_network() -> str:
    """The network that a limit counts: `203.0.113.7` or `2001:db8:1:2::/64`."""
    return network_of(request.remote_addr or "")


def client_block() -> str:
    """The block of networks around the visitor's: `203.0.113.0/24` or `2001:db8:1::/48`."""
    return block_of(request.remote_addr or "")


def scaled(limit: str, factor: int) -> str:
    """The limit with every number of requests times `factor`: `300 per 10 minutes` by 2 is `600 per 10 minutes`."""
    return limit if factor == 1 else _AMOUNT.sub(lambda found: str(int(found[0]) * factor), limit)


def sign_limit() -> str:
    return current_config().limit_sign


def token_limit() -> str:
    return current_config().limit_token


def link_limit() -> str:
    return current_config().limit_link


def domain_limit() -> str:
    return current_config().limit_domain


@counted(token_limit)
def count_unknown_link() -> None:
    """Count one more invalid link; too many from one network are answered 429.

    Good links are neither counted nor held up, so a hall of people behind one address can confirm, whoever plays with
    links among them.
    """
