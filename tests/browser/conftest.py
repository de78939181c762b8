"""For journeys through the site."""

import pytest

from tests.browser import steps


@pytest.fixture
def email():
    """An address that has not signed yet."""
    return steps.new_address()
