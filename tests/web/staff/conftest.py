"""For the staff area: hashing passwords at full cost would take most of the time of these tests."""

import pytest
from argon2 import PasswordHasher

from pledge.accounts import passwords


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._dummy_hash.cache_clear()
    yield
    passwords._dummy_hash.cache_clear()


def _signed_in(role):
    @pytest.fixture(name=role)
    def person(staff_client):
        return staff_client(role, lang="en")

    return person


admin, auditor, exporter = map(_signed_in, ("admin", "auditor", "exporter"))
moderator, viewer, editor = map(_signed_in, ("moderator", "viewer", "editor"))


@pytest.fixture
def second(staff_client):
    """Another editor."""
    return staff_client("editor", lang="en")
