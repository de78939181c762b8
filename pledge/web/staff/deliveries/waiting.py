"""How often a secret may be tried, and what a page says and answers when a form was wrong or came too soon."""

import math
from typing import Any

from flask import Response
from flask_babel import ngettext

from pledge.accounts import throttle
from pledge.accounts.throttle import ThrottleRule
from pledge.web import limits


def count_try(rule: ThrottleRule, name: str) -> int:
    """Count one try for a name and for the network it comes from; 0 when it may be made, else the seconds to wait."""
    return throttle.take(throttle.NETWORK, limits.client_network()) or throttle.take(rule, name)


def forgive(rule: ThrottleRule, name: str) -> None:
    """The try was right: those before it are forgotten for the name, and it does not count against the network."""
    throttle.forget(rule, name)
    throttle.give_back(throttle.NETWORK, limits.client_network())


def give_back(rule: ThrottleRule, name: str) -> None:
    """The try was not made after all."""
    throttle.give_back(rule, name)
    throttle.give_back(throttle.NETWORK, limits.client_network())


def told_to_wait(seconds: int) -> str:
    """How long, in words."""
    if seconds < 60:
        words = ngettext(
            "Too many tries. Please wait %(num)s second.",
            "Too many tries. Please wait %(num)s seconds.",
            seconds,
        )
    else:
        words = ngettext(
            "Too many tries. Please wait %(num)s minute.",
            "Too many tries. Please wait %(num)s minutes.",
            math.ceil(seconds / 60),
        )
    return str(words)


def answer(response: Response, form: Any, wait: int = 0) -> Response:
    """The page with the status that belongs to its form: 429 for too soon, 422 for wrong, else as it is."""
    if wait:
        response.status_code = 429
        response.headers["Retry-After"] = str(wait)
    elif form.errors:
        response.status_code = 422
    return response
