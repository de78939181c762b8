"""The page for partners: whatever it offers to copy works."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from pledge.campaigns.models import CampaignText
from pledge.core.db import transaction
from tests.support.factories import campaign

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


def codes(client, lang):
    text = client.get(f"/{lang}/c/blue-skies/spread").text
    return [unescape(code) for code in re.findall(r"<textarea[^>]*>([^<]*)</textarea>", text)]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_address_in_the_code_to_copy_is_there(app, client, lang):
    campaign()
    base = app.extensions["pledge.config"].base_url
    found = codes(client, lang)
    assert len(found) == 6
    for code in found:
        addresses = re.findall(re.escape(base) + r'[^"\s)]*', unescape(code))
        assert addresses, code
        for address in addresses:
            parts = urlsplit(address)
            assert client.get(f"{parts.path}?{parts.query}").status_code == 200, address


def test_the_code_is_in_the_language_of_the_page(client):
    campaign()
    english = "\n".join(codes(client, "en"))
    assert 'data-lang="en"' in english
    assert "lang=en" in english
    assert "Blue Skies" in english


def test_markup_in_a_title_is_text_in_the_code_to_copy(client):
    campaign()
    with transaction() as session:
        session.execute(update(CampaignText).values(title='"><script src=x>'))
    script = codes(client, "en")[1]
    assert "<script src=x>" not in script
    assert "&#34;&gt;&lt;script src=x&gt;" in script


def test_the_campaign_links_the_page(client):
    campaign()
    assert 'href="/ko/c/blue-skies/spread"' in client.get("/ko/c/blue-skies").text


def test_an_unknown_campaign_has_no_such_page(client):
    assert client.get("/ko/c/unknown/spread").status_code == 404
