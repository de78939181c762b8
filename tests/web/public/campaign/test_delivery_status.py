"""What everybody sees of a delivery: one line on the campaign's page once it is with its recipient, later the answer."""

import pytest

from pledge.core.languages import Texts
from pledge.deliveries import services
from pledge.web.caching import cache
from tests.support import deliveries
from tests.support.factories import ANNA, crowd

PAGE = "/en/c/blue-skies"


@pytest.fixture(autouse=True)
def _six_people(app):
    crowd(6)


def test_nothing_is_said_before_it_is_handed_over(app, client):
    deliveries.frozen()
    assert "Recipient:" not in client.get(PAGE).text


def test_the_page_says_how_many_to_whom_and_when(app, client):
    number = deliveries.handed_over()
    page = client.get(PAGE).text
    row = deliveries.row(number)
    assert row.recipient["en"] in page
    assert row.occasion["en"] in page
    assert "1AB-2611-001" in page
    assert "6 signatures handed over" in page
    assert "No answer yet" in page


def test_the_answer_stands_there_in_the_language_of_the_page(app, client):
    deliveries.answered()
    page = client.get(PAGE).text
    assert "We will look into it." in page
    assert "No answer yet" not in page


def test_a_second_line_appears_with_the_second_delivery(app, client):
    deliveries.handed_over()
    number = deliveries.handed_over(recipient=Texts(ko="국회", en="The National Assembly"))
    page = client.get(PAGE).text
    assert page.index("The National Assembly") < page.index("The Minister of Environment")
    services.hand_over(
        ANNA, number, services.HandingOver(deliveries.row(number).handed_over_at, "post", "9-9"), "a slip"
    )
    cache.clear()
    assert "9-9" in client.get(PAGE).text
