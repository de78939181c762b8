"""Rate limits: who counts as one visitor, and how a view is limited. The counters are in pledge/counters.py.

A visitor is an IPv4 address or an IPv6 /64 (one household or one phone gets a whole /64). The address is taken through
exactly PLEDGE_TRUSTED_PROXIES hops, so a forged X-Forwarded-For changes nothing. Caps on mails are not here: they are in
the database, where they hold with every cache gone.
"""

import ipaddress
import math
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

from flask import Flask, Response, after_this_request, current_app, request
from werkzeug.exceptions import TooManyRequests
from werkzeug.middleware.proxy_fix import ProxyFix

from pledge.counters import Counters
from pledge.settings import Settings, current

View = TypeVar("View", bound=Callable[..., Any])

#: In the words of a limit, how many: the number that stands first in each of its parts.
_AMOUNT = re.compile(r"(?<![^,;|])\s*[0-9]+")
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}")


def client_network() -> str:
    """The network that a limit counts: `203.0.113.7` or `2001:db8:1:2::/64`."""
    return network_of(request.remote_addr or "")


def network_of(address: str) -> str:
    """Fold an address to what one visitor controls; IPv4 written inside IPv6 counts as IPv4."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        # Some proxies write the port along: `203.0.113.7:41822`, `[2001:db8::1]:41822`.
        found = _WITH_PORT.fullmatch(address)
        return "unknown" if found is None else network_of(found[1] or found[2])
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))


class TooOften(TooManyRequests):
    """A limit is reached; `seconds` until there is room again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(retry_after=seconds)
        self.seconds = seconds


def init_app(app: Flask, settings: Settings) -> None:
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # Flask's own documented hook
    app.extensions["pledge.counters"] = Counters(settings.redis_url)


def counters() -> Counters:
    """The counters of the current application."""
    found: Counters = current_app.extensions["pledge.counters"]
    return found


def limited(
    limit: Callable[[], str], only: Callable[[Response], bool] | None = None
) -> Callable[[View], View]:
    """Answer 429 when the visitor's network asks the view more often than `limit` (its words) allows.

    With `only`, a request counts when its answer, also that of an error, is of that kind; then too no view is run once the
    limit is reached.
    """

    def decorate(view: View) -> View:
        scope = scope_of(view)

        @wraps(view)
        def inner(*args: Any, **values: Any) -> Any:
            if only is None:
                count(limit(), scope)
            else:
                _count_after(limit(), scope, only)
            return view(*args, **values)

        return cast("View", inner)

    return decorate


def count(limit: str, scope: str) -> None:
    """Count this request of the visitor's network under `scope`; raises TooOften when it is one too many."""
    network = client_network()
    if not counters().hit(limit, network, scope):
        _refuse(limit, network, scope)


def scope_of(view: Callable[..., Any]) -> str:
    """Under which name the requests for a view are counted."""
    return f"{view.__module__}.{view.__name__}"


def _count_after(limit: str, scope: str, only: Callable[[Response], bool]) -> None:
    network = client_network()
    if not counters().has_room(limit, network, scope):
        _refuse(limit, network, scope)

    @after_this_request
    def _count(response: Response) -> Response:
        if only(response):
            counters().hit(limit, network, scope)
        return response


def _refuse(limit: str, network: str, scope: str) -> NoReturn:
    seconds = counters().seconds_until_room(limit, network, scope)
    raise TooOften(max(1, math.ceil(seconds)))


def raised(limit: str, factor: int) -> str:
    """The limit with every number of requests times `factor`: `300 per 10 minutes` by 2 is `600 per 10 minutes`."""
    return limit if factor == 1 else _AMOUNT.sub(lambda found: str(int(found[0]) * factor), limit)


def sign_limit() -> str:
    return current().limit_sign


def token_limit() -> str:
    return current().limit_token


def link_limit() -> str:
    return current().limit_link
