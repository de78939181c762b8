"""Proof of work as a browser does it (pledge/static/js/public/proof-worker.js)."""

import html
import json
import re
from typing import Any

import altcha
from werkzeug.test import TestResponse


def challenge_of(page: TestResponse) -> dict[str, Any]:
    """The challenge of a page that asks for a proof."""
    (challenge,) = re.findall(r'data-challenge="([^"]+)"', page.text)
    return dict(json.loads(html.unescape(challenge)))


def solve(challenge: dict[str, Any]) -> str:
    """The solution of a challenge, as the browser sends it."""
    read = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(read)
    assert solution is not None, "the library gave up"
    return altcha.Payload(read, solution).to_base64()
