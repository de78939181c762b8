"""An editor."""

import pytest


@pytest.fixture
def editor(staff_client):
    person = staff_client("editor")
    person.post("/staff/language", data={"lang": "en"})
    return person
