"""Proof of work as a browser does it (pledge/static/js/public/proof-worker.js)."""

from typing import Any

import altcha


def solve(challenge: dict[str, Any]) -> str:
    """The solution of a challenge, as the browser sends it."""
    read = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(read)
    assert solution is not None, "the library gave up"
    return altcha.Payload(read, solution).to_base64()
