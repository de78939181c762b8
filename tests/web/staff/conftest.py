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


@pytest.fixture
def admin(staff_client):
    return staff_client("admin", lang="en")


@pytest.fixture
def auditor(staff_client):
    return staff_client("auditor", lang="en")


@pytest.fixture
def exporter(staff_client):
    return staff_client("exporter", lang="en")


@pytest.fixture
def moderator(staff_client):
    return staff_client("moderator", lang="en")


@pytest.fixture
def viewer(staff_client):
    return staff_client("viewer", lang="en")


@pytest.fixture
def editor(staff_client):
    return staff_client("editor", lang="en")


@pytest.fixture
def second(staff_client):
    """Another editor."""
    return staff_client("editor", lang="en")
