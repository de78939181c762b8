"""Throttling of secrets in the staff area, and the status and message for a wrong or early try."""

import math
from collections.abc import Callable
from typing import Any

from flask import Response, make_response, render_template, request
from flask_babel import ngettext
from wtforms.fields import Field

from pledge.accounts import throttle
from pledge.accounts.models import StaffMember
from pledge.accounts.throttle import ThrottleRule
from pledge.core.concurrency import Busy
from pledge.core.logs import log
from pledge.web import limits
from pledge.web.forms import StaffForm


class SecretForm(StaffForm):
    """A form with a secret that a stranger would guess at: each try counts for a name and for the network it comes from."""

    wait = 0  #: seconds until the next try

    def accepts(
        self,
        rule: ThrottleRule,
        name: str,
        is_right: Callable[[], bool],
        wrong: str,
        *,
        member: StaffMember | None,
        field: Field | None = None,
    ) -> bool:
        """Whether the secret is right; if not, the field says why, or the form where no field may tell."""
        network = limits.client_network()
        self.wait = throttle.count_attempt(throttle.NETWORK, network) or throttle.count_attempt(rule, name)
        if self.wait:
            log.warning("tries slowed down", rule=rule.scope, seconds=self.wait)
            self._refuse(field, wait_message(self.wait))
            return False
        try:
            found = is_right()
        except Busy:  # nothing was compared
            throttle.uncount_attempt(rule, name)
            throttle.uncount_attempt(throttle.NETWORK, network)
            raise
        if found:
            throttle.reset(rule, name)
            throttle.uncount_attempt(throttle.NETWORK, network)
        else:
            kind = "wrong password" if rule is throttle.PASSWORD else "wrong code"
            log.warning(kind, endpoint=request.endpoint, member=member and member.id)
            self._refuse(field, wrong)
        return found

    def _refuse(self, field: Field | None, message: str) -> None:
        if field is None:
            self.form_errors = [message]
        else:
            field.errors = [message]


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


def form_page(template: str, form: Any, **values: Any) -> Response:
    """A page with its form, and the status of that: 429 for too early, 422 for wrong, else 200."""
    response = make_response(render_template(template, form=form, **values))
    if wait := getattr(form, "wait", 0):
        response.status_code = 429
        response.headers["Retry-After"] = str(wait)
    elif form.errors:
        response.status_code = 422
    return response
