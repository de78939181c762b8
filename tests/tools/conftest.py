"""Packs, receipts and logs with a key of their own need no database."""

import pytest

from tests.support import packs
from tests.support.checkers import Verdict, by_program


@pytest.fixture(scope="session")
def log() -> packs.Log:
    return packs.made_up(packs.EVENTS)


@pytest.fixture
def checked(tmp_path):
    """`checked(bytes, keys=None)` gives the verdict about a pack."""

    def check(content: bytes, keys: str | None = None) -> Verdict:
        path = tmp_path / "pack.zip"
        path.write_bytes(content)
        return by_program(path, keys)

    return check
