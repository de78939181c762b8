"""The screen that tells editors what the links of partners brought."""

import re

from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import transaction
from pledge.statistics.referrals import organization_code
from tests.support import factories
from tests.support.factories import crowd, endorsement


def table(page):
    """The numbers by name."""
    rows = re.findall(
        r'<p class="quiet">Signatures: ([^<]*)</p>\s*<details[^>]*>\s*<summary[^>]*>Links of ([^<]*)<',
        page.text,
    )
    return {name: number for number, name in rows}


def test_editors_see_how_many_came_through_each_link_from_five_on(editor):
    air = factories.campaign("air")
    _, partner = air.partners
    organization, quiet = (endorsement(air, name_en=name) for name in ("Haneul Energy", "Quiet Ltd"))
    crowd(7, air, via=f"p{partner.id}")
    crowd(11, air, via=organization_code(organization.id))
    crowd(4, air, via=organization_code(quiet.id))
    page = editor.get("/staff/campaigns/air/partners")
    assert table(page) == {"Haneul Energy": "11", "A Partner": "7", "The Secretariat": "fewer than 5"}
    assert f"/en/c/air?via=p{partner.id}" in page.text


def test_once_the_signatures_are_deleted_editors_read_when(editor):
    air = factories.campaign("air", state="archived")
    with transaction() as session:
        session.get_one(Campaign, air.id).forgotten_at = clock.now()
    numbers = table(editor.get("/staff/campaigns/air/partners"))
    assert numbers
    assert all(number.startswith("deleted on ") for number in numbers.values())


def test_editors_find_the_page_to_send_to_a_partner_and_the_links_of_an_organisation(editor):
    air = factories.campaign("air")
    organization = organization_code(endorsement(air).id)
    crowd(5, air, via=organization)
    page = editor.get("/staff/campaigns/air/partners").text
    sent = re.findall(r'href="http://[^/"]*(/ko/c/air/spread/[^"]*)"', page)
    titles = [re.search(r"<h2 id=\"own-title\">([^<]*)", editor.get(url).text)[1] for url in sent]
    assert titles == ["사무국 링크로 참여한 서명", "동반자 링크로 참여한 서명"]
    assert f"/ko/c/air/spread?via={organization}" in page
    assert len(sent) == len(air.partners)
