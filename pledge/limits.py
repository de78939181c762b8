"""Rate limits: who counts as one visitor, where the counters live, and what happens when Redis is away.

A visitor is an IPv4 address or an IPv6 /64 (one household or one phone gets a whole /64). The address is taken through
exactly PLEDGE_TRUSTED_PROXIES hops, so a forged X-Forwarded-For changes nothing. Caps on mails are not here: they are in
the database, where they hold with every cache gone.
"""

import ipaddress
import re

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from pledge.settings import Settings, current

#: Seconds that a hanging Redis may hold a request, once; then the in-process counters take over.
REDIS_TIMEOUT = 0.25

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


def init_app(app: Flask, settings: Settings) -> None:
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # Flask's own documented hook
    app.config.update(
        RATELIMIT_STRATEGY="sliding-window-counter",
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        # Only this form keeps each route's own limits while Redis is away; a list of limits would replace them.
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=bool(settings.redis_url),
        RATELIMIT_KEY_PREFIX="pledge",
    )
    if settings.redis_url:
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {
            "socket_timeout": REDIS_TIMEOUT,
            "socket_connect_timeout": REDIS_TIMEOUT,
        }


def sign_limit() -> str:
    return current().limit_sign


def token_limit() -> str:
    return current().limit_token


def link_limit() -> str:
    return current().limit_link
