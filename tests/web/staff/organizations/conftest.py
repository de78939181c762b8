"""A campaign and a reviewer."""

import pytest

from tests.support.factories import campaign


@pytest.fixture(autouse=True)
def blue(app):
    return campaign()


@pytest.fixture
def reviewer(staff_client):
    return staff_client("moderator", lang="en")
