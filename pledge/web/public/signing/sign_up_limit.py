"""The limit on sign-ups, of people and of organisations: by network, by the block around it and by mail domain.

Whoever owns a mail domain owns every address of it, from as many networks as they like; the limit of each network does not
see that. People of a company or a university who sign together stay below it, and the large providers have none.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

from flask import Response, g
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import TooManyRequests

from config import current_config
from pledge.core.encryption import vault
from pledge.endorsements.verification.domains import registrable
from pledge.mail.providers import LARGE_PROVIDERS
from pledge.signatures.addresses import Address
from pledge.signatures.origins import domain_of
from pledge.switches import queries as switches
from pledge.web import limits

#: Waits of more minutes than this are not given in minutes.
_MAX_MINUTES = 90
_BY_DOMAIN = "mail domain"


class _FormWithAddress(Protocol):
    """A form with an address, which is set once the form is valid."""

    email: Any
    address: Address


def count(form: _FormWithAddress, page: Callable[[], Response], *, is_valid: bool) -> None:
    """Count a form that was sent for its network, and when `is_valid` for the domain of its address too.

    Raises TooManyRequests; for the domain's sake with the `page` of the form, which keeps what was typed and says when to
    come back.
    """
    g.mail_domain = limited_domain(form.address) if is_valid else None
    # A form counts as itself wherever it is sent from: the sign form of the widget is that of the page.
    g.form_sent = type(form).__name__
    try:
        _count()
    except RateLimitExceeded as error:
        if error.limit is None or error.limit.scope != _BY_DOMAIN:
            raise
        seconds = limits.seconds_to_wait()
        form.email.errors = [_words(seconds)]
        response = page()
        response.headers["Retry-After"] = str(seconds)
        raise TooManyRequests(response=response) from None


def limited_domain(address: Address) -> str | None:
    """The registrable domain of an address, whose addresses are counted together; None for the large providers."""
    host = domain_of(address)
    domain = registrable(host) or host
    return None if domain in LARGE_PROVIDERS else domain


def _words(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    if minutes > _MAX_MINUTES:
        return str(
            _(
                "Very many people with an address at this domain have signed today. What you typed is still here; please send it again tomorrow, or use another address."
            )
        )
    return str(
        _(
            "Very many people with an address at this domain have signed recently. What you typed is still here; please send it again in about %(minutes)d minutes.",
            minutes=minutes,
        )
    )


def _key() -> str:
    """The key of the counter: a keyed hash, as Redis should not reveal mail domains."""
    return vault().keyed_hash(f"limit of domain {g.mail_domain}").hex()


def sign_limit() -> str:
    return limits.scaled(current_config().limit_sign, switches.current().limit_factor)


def _domain_limit() -> str:
    return limits.scaled(current_config().limit_domain, switches.current().limit_factor)


@limits.limiter.shared_limit(
    _domain_limit,
    _BY_DOMAIN,
    key_func=_key,
    exempt_when=lambda: g.mail_domain is None,
    on_breach=limits.counted("domain"),
)
@limits.limited(sign_limit, scope=lambda _endpoint: g.form_sent)
def _count() -> None:
    """Count one more; all counters are checked together."""
