"""The page for partners: whatever it offers to copy works."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from pledge.campaigns.models import Campaign, Partner
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.statistics.referrals import organization_code, partner_token
from tests.support.factories import campaign, crowd, endorsement

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


def codes(client, lang, query=""):
    text = client.get(f"/{lang}/c/blue-skies/spread{query}").text
    return [unescape(code) for code in re.findall(r"<textarea[^>]*>([^<]*)</textarea>", text)]


def test_every_address_in_the_code_to_copy_is_there(app, client):
    campaign()
    base = app.extensions["pledge.config"].base_url
    snippets = codes(client, "en")
    assert len(snippets) == 5
    for code in snippets:
        addresses = re.findall(re.escape(base) + r'[^"\s)]*', unescape(code))
        assert addresses, code
        for address in addresses:
            parts = urlsplit(address)
            assert client.get(f"{parts.path}?{parts.query}").status_code == 200, address


def test_markup_in_a_title_is_text_in_the_code_to_copy(client):
    campaign()
    with transaction() as session:
        session.execute(update(Campaign).values(title=Texts(en='"><script src=x>')))
    script = codes(client, "en")[0]
    assert "<script src=x>" not in script
    assert "&#34;&gt;&lt;script src=x&gt;" in script


def test_with_a_code_everything_that_leads_to_signing_carries_it(client):
    code = f"p{campaign().partners[1].id}"
    page = client.get(f"/en/c/blue-skies/spread?via={code}").text
    assert re.search(rf'data-url="[^"]*/en/c/blue-skies\?via={code}"', page)
    assert f"/qr/blue-skies.png?via={code}" in page
    script, script_form, frame, badge, markdown = codes(client, "en", f"?via={code}")
    assert f'data-via="{code}"' in script
    assert f'data-via="{code}"' in script_form
    assert f"via={code}" in frame
    assert f"?via={code}" in badge
    assert f"?via={code}" in markdown


def test_a_code_that_counts_for_nobody_leads_to_the_page_without_one(client):
    campaign()
    for unknown in ("p987654321", "made-up"):
        answer = client.get(f"/en/c/blue-skies/spread?via={unknown}")
        assert (answer.status_code, answer.location) == (302, "/en/c/blue-skies/spread")


def test_partners_choose_themselves_from_a_list(client):
    secretariat, partner = campaign().partners
    page = client.get("/en/c/blue-skies/spread").text
    assert f'<option value="p{secretariat.id}">The Secretariat</option>' in page
    assert f'<option value="p{partner.id}">A Partner</option>' in page


def test_an_organisation_finds_its_badge_beside_its_links(client):
    campaign()
    organization = endorsement(name_en="Haneul Energy")
    snippets = codes(client, "en", f"?via={organization_code(organization.id)}")
    assert len(snippets) == 7
    assert f"/badge/blue-skies/{organization.id}.svg" in snippets[6]
    assert f"/en/c/blue-skies/organizations/{organization.id}" in snippets[6]


def partner_page(of, partner, lang="en"):
    return f"/{lang}/c/blue-skies/spread/{partner_token(of.id, f'p{partner.id}')}"


@pytest.mark.parametrize(
    ("people", "shown"),
    [(9, "Not ten people yet."), (14, '<strong class="count__number">10</strong>')],
)
def test_the_page_of_a_partner_tells_its_number_in_whole_fives(client, people, shown):
    air = campaign()
    _, partner = air.partners
    crowd(people, via=f"p{partner.id}")
    crowd(20, via=f"p{air.partners[0].id}")
    page = client.get(partner_page(air, partner))
    assert shown in page.text
    assert f"data-via=&#34;p{partner.id}&#34;" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_page_of_a_partner_is_gone_with_the_partner_and_for_other_links(client):
    air, sea = campaign(), campaign("sea")
    _, partner = air.partners
    page = partner_page(air, partner)
    assert client.get(page).status_code == 200
    assert client.get(page.replace("blue-skies", "sea")).status_code == 410
    assert client.get(f"{page}x").status_code == 410
    assert client.get(partner_page(sea, partner).replace("sea", "blue-skies")).status_code == 410
    db.session.delete(db.session.get(Partner, partner.id))
    db.session.commit()
    assert client.get(page).status_code == 410
