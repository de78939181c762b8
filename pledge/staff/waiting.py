"""What a page says and answers when a form was wrong or came too soon."""

import math
from typing import Any

from flask import Response
from flask_babel import ngettext


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
