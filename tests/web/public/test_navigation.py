"""The links at the head and foot of every page, and who answers for the site."""

import pytest
from sqlalchemy.exc import OperationalError

from pledge.campaigns import items
from pledge.campaigns import queries as campaigns
from pledge.campaigns.events import EVENT
from pledge.campaigns.models import Campaign
from pledge.core.db import transaction
from pledge.web.caching import cache
from tests.support import factories
from tests.support.factories import EDITOR, event_fields
from tests.support.production import PRODUCTION

PAGES = ("organizations", "progress", "endorse")
CONTACTS = ("contact", "privacy_officer", "postal_address", "telephone", "press_contact")


def linked(page):
    """Which pages of the campaign the header and the footer link to."""
    head, _, rest = page.text.partition("<main")
    foot = rest.partition("<footer")[2]
    return [{name for name in PAGES if f"/en/c/air/{name}" in part} for part in (head, foot)]


@pytest.mark.parametrize(
    "path", ["", "privacy", "verify", "me", "nothing", "c/nothing", "c/air", "c/air/sign"]
)
def test_every_page_links_to_the_pages_of_the_campaign(app, client, path):
    factories.campaign("air")
    client.get(f"/ko/{path}")  # its links are kept, and are not those of the other language
    assert linked(client.get(f"/en/{path}")) == [set(PAGES), set(PAGES)]


def test_a_page_of_one_campaign_links_to_its_own_pages_where_there_are_several(app, client):
    factories.campaign("air")
    factories.campaign("rivers")
    assert linked(client.get("/en/c/air/progress")) == [set(PAGES), set(PAGES)]
    assert linked(client.get("/en/privacy")) == [set(), set()], "nobody knows which one is meant"


def test_a_page_that_was_not_found_offers_to_sign_while_one_can(app, client):
    air = factories.campaign("air")
    assert '<a class="button" href="/en/c/air#sign">Sign the pledge</a>' in client.get("/en/nothing").text
    with transaction() as session:
        session.get_one(Campaign, air.id).state = "closed"
    cache.clear()
    assert "#sign" not in client.get("/en/nothing").text


def test_events_are_linked_where_there_are_some(app, client):
    factories.campaign("air")
    assert "/en/c/air#events" not in client.get("/en/c/air").text
    items.add(EVENT, EDITOR, "air", event_fields())
    cache.clear()
    page = client.get("/en/c/air").text
    assert page.count('href="/en/c/air#events"') == 3  # head, the menu of a narrow screen, and foot
    assert 'id="events"' in page


def test_a_page_that_needs_no_database_is_shown_without_one(app, client, monkeypatch):
    factories.campaign("air")

    def away(_lang):
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(campaigns, "public_campaigns", away)
    page = client.get("/en/privacy")
    assert page.status_code == 200
    assert linked(page) == [set(), set()]


def test_the_privacy_notice_says_that_names_never_leave(client):
    assert "<strong>Names never leave.</strong>" in client.get("/en/privacy").text.replace("&nbsp;", " ")


def test_pages_privacy_notice_and_mails_say_who_answers_for_the_site(make_app):
    app = make_app(**{name: PRODUCTION[name] for name in CONTACTS})
    with app.app_context():
        notice = app.test_client().get("/ko/privacy").text.replace("&nbsp;", "\N{NO-BREAK SPACE}")
    _, _, footer = notice.partition("<footer")
    for text in (
        "privacy@pledge.example",
        "+82\N{NO-BREAK SPACE}2\N{NO-BREAK SPACE}123\N{NO-BREAK SPACE}4567",
        "서울특별시 하늘로 1",
        "개인정보보호팀",
    ):
        assert notice.count(text) >= 2, text
        assert text in footer, text
    assert '<a href="tel:+8221234567">' in footer
    assert '홍보팀, <a href="mailto:press@pledge.example">' in footer
