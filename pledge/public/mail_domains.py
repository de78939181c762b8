"""The limit on sign-ups with addresses of one mail domain, outside the large providers.

Whoever owns a domain owns every address of it, from as many networks as they like; each network's own limit does not see
that. People of a company or a university who sign together stay below it.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

from flask import Response, g
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import TooManyRequests

from pledge import limits
from pledge.crypto import vault
from pledge.endorsements.domains import registrable
from pledge.mail.providers import LARGE_PROVIDERS
from pledge.public.switched import raised
from pledge.signatures.addresses import Address
from pledge.signatures.origins import domain_of

#: Beyond so many minutes the wait is not told in minutes.
_MAX_MINUTES = 90


class _Form(Protocol):
    """A valid form with an address."""

    email: Any
    address: Address


def count(form: _Form, page: Callable[[], Response]) -> None:
    """Count a sign-up for the domain of its address.

    Raises TooManyRequests with the `page` of the form, which keeps what was typed and says when there is room again.
    """
    host = domain_of(form.address)
    domain = registrable(host) or host
    if domain in LARGE_PROVIDERS:
        return
    g.mail_domain = domain
    try:
        _count()
    except RateLimitExceeded:
        seconds = limits.seconds_to_wait()
        form.email.errors = [_words(seconds)]
        response = page()
        response.headers["Retry-After"] = str(seconds)
        raise TooManyRequests(response=response) from None


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
            "Very many people with an address at this domain have signed in the last few minutes. What you typed is still here; please send it again in about %(minutes)d minutes.",
            minutes=minutes,
        )
    )


def _key() -> str:
    """What the counter is kept under: a keyed hash, as Redis should not tell where people have their mail."""
    return vault().keyed_hash(f"limit of domain {g.mail_domain}").hex()


@limits.counted(lambda: raised(limits.domain_limit()), key_func=_key)
def _count() -> None:
    """One more for the domain."""
