"""Packs, receipts and logs with a key of their own need no database; only the site's checker would look for its keys."""

import pytest

from pledge.delivery import checking
from tests.support import packs
from tests.tools.checkers import CHECKERS

#: Withdrawn, invalidated and reinstated people and organisations, and a size that is no power of two.
EVENTS = "+++-1+oo!5^5-6^1+++!4^4o-13+"


@pytest.fixture(autouse=True)
def site_without_campaigns(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Whoever checks another site's pack; not where a test has the real thing."""
    if "app" not in request.fixturenames:
        monkeypatch.setattr(checking, "slugs", dict)


@pytest.fixture(scope="session")
def log() -> packs.Log:
    return packs.made_up(EVENTS)


@pytest.fixture(params=CHECKERS)
def checker(request: pytest.FixtureRequest):
    """`checker(path, keys=None)` gives a Verdict; each of the implementations in turn."""
    return CHECKERS[request.param]
