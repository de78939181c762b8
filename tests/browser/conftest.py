"""For journeys through the site."""

import pytest

from tests.browser import steps


@pytest.fixture
def email():
    """An address that has not signed yet."""
    return steps.new_address()


@pytest.fixture
def inside(site):
    """The application on the site's own database, with its context pushed."""
    with site.inside() as app:
        yield app
