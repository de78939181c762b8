"""Throttling of secrets in the staff area, and the status and message for a wrong or early try."""

import math
from typing import Any

from flask import Response, make_response, render_template
from flask_babel import ngettext

from pledge.accounts import throttle
from pledge.accounts.throttle import ThrottleRule
from pledge.core.logs import log
from pledge.web import limits


def count_try(rule: ThrottleRule, name: str) -> int:
    """Count one try for a name and for its network; 0 when it may be made, else the seconds to wait."""
    wait = throttle.count_attempt(throttle.NETWORK, limits.client_network()) or throttle.count_attempt(
        rule, name
    )
    if wait:
        log.warning("tries slowed down", rule=rule.scope, seconds=wait)
    return wait


def forget_tries(rule: ThrottleRule, name: str) -> None:
    """The try was right: forget the earlier ones of the name, and do not count it against the network."""
    throttle.reset(rule, name)
    throttle.uncount_attempt(throttle.NETWORK, limits.client_network())


def take_back_try(rule: ThrottleRule, name: str) -> None:
    """Take a try back that was not made after all."""
    throttle.uncount_attempt(rule, name)
    throttle.uncount_attempt(throttle.NETWORK, limits.client_network())


def wait_message(seconds: int) -> str:
    """The wait in words."""
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


def form_page(template: str, form: Any, wait: int = 0, **values: Any) -> Response:
    """A page with its form, and the status of that: 429 for too early, 422 for wrong, else 200."""
    response = make_response(render_template(template, form=form, **values))
    if wait:
        response.status_code = 429
        response.headers["Retry-After"] = str(wait)
    elif form.errors:
        response.status_code = 422
    return response
