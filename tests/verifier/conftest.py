"""Packs, receipts and logs with a key of their own need no database."""

import pytest

from tests.support import packs
from tests.support.checkers import CheckerResult, check


@pytest.fixture(scope="session")
def log() -> packs.Log:
    return packs.made_up(packs.EVENTS)


@pytest.fixture
def checked(tmp_path):
    """`checked(bytes, keys=None)`: what the program says of a pack."""

    def checked(content: bytes, keys: str | None = None) -> CheckerResult:
        path = tmp_path / "pack.zip"
        path.write_bytes(content)
        return check(path, keys)

    return checked
