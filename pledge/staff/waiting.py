"""What a page says and answers when a form was wrong or came too soon."""

import math
from typing import Any

from flask import Response
from flask_babel import ngettext


def told_to_wait(seconds: int) -> str:
    """How long, in words."""
    minutes = math.ceil(seconds / 60)
    if seconds < 60:
        return ngettext(
            "Too many tries. Please wait %(num)s second.",
            "Too many tries. Please wait %(num)s seconds.",
            seconds,
        )
    return ngettext(
        "Too many tries. Please wait %(num)s minute.", "Too many tries. Please wait %(num)s minutes.", minutes
    )


def answer(response: Response, form: Any, wait: int = 0) -> Response:
    """The page with the status that belongs to its form: 429 for too soon, 422 for wrong, else as it is."""
    if wait:
        response.status_code = 429
        response.headers["Retry-After"] = str(wait)
    elif form.errors:
        response.status_code = 422
    return response
