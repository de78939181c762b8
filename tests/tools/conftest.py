"""Packs, receipts and logs with a key of their own need no database."""

import pytest

from tests.support import packs
from tests.support.checkers import CHECKERS, Verdict


@pytest.fixture(scope="session")
def log() -> packs.Log:
    return packs.made_up(packs.EVENTS)


@pytest.fixture(params=CHECKERS)
def checker(request: pytest.FixtureRequest):
    """`checker(path, keys=None)` gives a Verdict; with each way to check a signature."""
    return CHECKERS[request.param]


@pytest.fixture
def checked(tmp_path, checker):
    """`checked(bytes, keys=None)` gives the verdict about a pack."""

    def check(content: bytes, keys: str | None = None) -> Verdict:
        path = tmp_path / "pack.zip"
        path.write_bytes(content)
        return checker(path, keys)

    return check
