"""oEmbed, as a blog asks for it."""

import re
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from pledge.campaigns.models import Campaign
from pledge.core.db import transaction
from tests.support.factories import campaign, endorsement, the_campaign

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


def test_neither_the_widget_nor_its_picture_is_larger_than_asked_for(client, page):
    answer = oembed(client, page, maxwidth="300", maxheight="9999").get_json()
    assert (answer["width"], answer["height"]) == (300, 640)
    assert 'width="300"' in answer["html"]
    assert not [name for name in answer if name.startswith("thumbnail")]
    assert "thumbnail_url" in oembed(client, page, maxwidth="1200", maxheight="630").get_json()


@pytest.mark.parametrize("path", ["/c/blue-skies", "/go/sky", "/ko/c/blue-skies/"])
def test_the_addresses_of_posters_become_the_widget_too(client, page, path):
    with transaction() as session:
        session.execute(update(Campaign).values(short_name="sky"))
    answer = oembed(client, page.replace("/en/c/blue-skies", path)).get_json()
    assert answer["title"] == "푸른 하늘"
    assert answer["url"] == page.replace("/en/", "/ko/")


def test_the_page_of_an_organisation_becomes_the_widget_with_its_link_while_it_endorses(client, page):
    organization = endorsement(the_campaign())
    address = f"{page}/organizations/{organization.id}"
    answer = oembed(client, address).get_json()
    assert f"via=o{organization.id}" in answer["html"]
    assert answer["title"].endswith("endorses “Blue Skies”")
    assert answer["thumbnail_url"].endswith(f"/share/blue-skies/organization-{organization.id}.en.png")
    assert answer["url"] == address
    assert "json+oembed" in client.get(address.partition("localhost")[2]).text
    assert oembed(client, f"{page}/organizations/1").status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://evil.example/en/c/blue-skies",
        "{base}/en/c/unknown",
        "{base}/xx/c/blue-skies",
        "{base}/en/",
        "{base}/go/unknown",
        "{base}/en/c/blue-skies/progress",
        "http://[::1",
    ],
)
def test_no_other_address_is_embedded(app, client, page, url):
    assert oembed(client, url.format(base=app.extensions["pledge.config"].base_url)).status_code == 404


def test_json_and_xml_say_the_same_and_nothing_else_is_offered(client, page):
    as_json, as_xml = (oembed(client, page, format=form) for form in ("json", "xml"))
    assert as_xml.mimetype == "text/xml"
    root = ET.fromstring(as_xml.data)  # our own answer
    assert {part.tag: part.text for part in root} == {
        name: str(value) for name, value in as_json.get_json().items()
    }
    assert oembed(client, page, format="yaml").status_code == 501


def test_the_page_says_where_to_ask(client, page):
    text = client.get("/en/c/blue-skies").text
    link = re.search(r'<link rel="alternate" type="application/json\+oembed" href="([^"]+)"', text)[1]
    assert client.get("/oembed?" + unescape(link).partition("?")[2]).get_json()["title"] == "Blue Skies"


def test_the_link_of_a_partner_becomes_the_widget_of_that_partner(client, page):
    code = f"p{the_campaign().partners[1].id}"
    assert f"via={code}" in oembed(client, f"{page}?via={code}").get_json()["html"]
    assert "via" not in oembed(client, f"{page}?via=p987654").get_json()["html"]
