"""oEmbed, as a blog asks for it."""

import re
from html import unescape

import pytest

from tests.support.factories import campaign, the_campaign

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


def oembed(client, url, **more):
    return client.get("/oembed", query_string={"url": url, **more})


@pytest.fixture
def page(app):
    """The address of a campaign's page."""
    campaign()
    return app.extensions["pledge.config"].base_url + "/en/c/blue-skies"


def test_a_page_of_a_campaign_becomes_its_widget_in_the_language_of_the_page(client, page):
    answer = oembed(client, page).get_json()
    assert (answer["version"], answer["type"], answer["title"]) == ("1.0", "rich", "Blue Skies")
    src = unescape(re.search(r'<iframe src="([^"]+)"', answer["html"])[1])
    framed = client.get(src.partition("://")[2].partition("/")[1] + src.partition("://")[2].partition("/")[2])
    assert framed.status_code == 200
    assert '<html lang="en"' in framed.text
    assert answer["thumbnail_url"].endswith("/share/blue-skies.en.png")


def test_the_widget_is_no_larger_than_asked_for(client, page):
    answer = oembed(client, page, maxwidth="300", maxheight="9999").get_json()
    assert (answer["width"], answer["height"]) == (300, 640)
    assert 'width="300"' in answer["html"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://evil.example/en/c/blue-skies",
        "{base}/en/c/unknown",
        "{base}/xx/c/blue-skies",
        "{base}/en/",
        "http://[::1",
    ],
)
def test_no_other_address_is_embedded(app, client, page, url):
    assert oembed(client, url.format(base=app.extensions["pledge.config"].base_url)).status_code == 404


def test_only_json_is_offered(client, page):
    assert oembed(client, page, format="json").status_code == 200
    assert oembed(client, page, format="xml").status_code == 501


def test_the_page_says_where_to_ask(client, page):
    text = client.get("/en/c/blue-skies").text
    link = re.search(r'<link rel="alternate" type="application/json\+oembed" href="([^"]+)"', text)[1]
    assert client.get("/oembed?" + unescape(link).partition("?")[2]).get_json()["title"] == "Blue Skies"


def test_the_link_of_a_partner_becomes_the_widget_of_that_partner(client, page):
    code = f"p{the_campaign().partners[1].id}"
    assert f"via={code}" in oembed(client, f"{page}?via={code}").get_json()["html"]
    assert "via" not in oembed(client, f"{page}?via=p987654").get_json()["html"]
