"""A recipient, a request for a list of names, and the list as the recipient reads it."""

import io

import pyrage
import pytest
from pyrage import x25519

from pledge.name_lists import services as named_lists
from tests.name_lists.lists import WHY, take
from tests.support.factories import ANNA, SLUG, campaign


@pytest.fixture(autouse=True)
def open_campaign(app):
    campaign()


@pytest.fixture
def recipient():
    return x25519.Identity.generate()


@pytest.fixture
def ask(recipient):
    return lambda actor=ANNA, version=1, why=WHY: named_lists.ask(
        actor, SLUG, version, why, str(recipient.to_public())
    )


@pytest.fixture
def opened(recipient):
    """`opened(list_id)`: the lines of its table, and before them what it says of itself, as the recipient reads them."""

    def read(list_id):
        clear = io.BytesIO()
        pyrage.decrypt_io(io.BytesIO(take(ANNA, list_id, "to hand it over")), clear, [recipient])
        return clear.getvalue().decode("utf-8-sig")

    return read
