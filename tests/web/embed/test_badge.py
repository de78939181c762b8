"""The badge, as a page of another site shows it."""

from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from pledge.campaigns.models import CampaignText
from pledge.core.db import transaction
from tests.support.factories import campaign, endorsement, fold_all, signatures

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


@pytest.mark.parametrize(
    ("lang", "words"), [("ko", "푸른 하늘: 2명 서명"), ("en", "Blue Skies: 2 signatures")]
)
def test_the_badge_is_a_picture_with_title_and_number_in_the_language_that_was_asked_for(client, lang, words):
    campaign()
    signatures(2)
    fold_all()
    answer = client.get(f"/badge/blue-skies.svg?lang={lang}")
    drawn = ET.fromstring(answer.data)
    assert answer.mimetype == "image/svg+xml"
    assert drawn.get("aria-label") == words
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_title_cannot_break_out_of_the_picture(client):
    campaign()
    with transaction() as session:
        session.execute(update(CampaignText).values(title='<script>"&'))
    drawn = ET.fromstring(client.get("/badge/blue-skies.svg").data)
    assert '<script>"&' in "".join(drawn.itertext())


def test_other_sites_may_show_it_for_a_minute(client):
    campaign()
    answer = client.get("/badge/blue-skies.svg")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age=60" in answer.headers["Cache-Control"]


def test_an_unknown_campaign_has_none(client):
    assert client.get("/badge/unknown.svg").status_code == 404


@pytest.mark.parametrize(("lang", "words"), [("ko", "참여 단체"), ("en", "We endorse")])
def test_an_organisation_on_the_wall_has_a_badge_that_says_so(client, lang, words):
    campaign()
    organization = endorsement(name_ko="하늘에너지", name_en="Haneul Energy")
    answer = client.get(f"/badge/blue-skies/{organization.id}.svg?lang={lang}")
    drawn = ET.fromstring(answer.data)
    assert words in "".join(drawn.itertext())
    assert {"ko": "하늘에너지", "en": "Haneul Energy"}[lang] in drawn.get("aria-label")
    assert "max-age=60" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("state", ["pending", "review", "declined", "withdrawn", "removed"])
def test_one_that_is_not_on_the_wall_does_not_claim_to_endorse(client, state):
    campaign()
    organization = endorsement(state=state)
    answer = client.get(f"/badge/blue-skies/{organization.id}.svg?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/badge/blue-skies.svg?lang=en")
    assert client.get(answer.headers["Location"]).mimetype == "image/svg+xml"
