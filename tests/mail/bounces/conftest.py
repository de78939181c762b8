import pytest

from tests.mail.bounces import reports


@pytest.fixture
def site(make_app):
    """A site that reads bounces."""
    app = make_app(bounce_address=reports.ADDRESS)
    with app.app_context():
        yield app
