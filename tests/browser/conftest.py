"""For journeys through the site: addresses nobody has used yet, and what every window must keep to."""

import pytest

from tests.browser import steps


@pytest.fixture
def email():
    """An address that has not signed yet."""
    return steps.new_address()
