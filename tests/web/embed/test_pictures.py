"""Share image, number card and badges, as social networks and other sites fetch them."""

import io
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from sqlalchemy import update

from pledge.campaigns.models import CampaignText
from pledge.core.db import transaction
from tests.support.factories import campaign, endorsement, fold_all, signatures

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


def test_the_image_has_the_title_and_the_folded_number_in_the_language_of_its_address(client, drawn):
    campaign()
    signatures(3)
    fold_all()
    for lang in ("ko", "en"):
        answer = client.get(f"/share/blue-skies.{lang}.png")
        with Image.open(io.BytesIO(answer.data)) as image:
            assert (answer.mimetype, image.size) == ("image/png", (1200, 630))
    assert [(image.figure, image.words) for image in drawn] == [
        ("3", "명이 서명했습니다"),
        ("3", "people signed"),
    ]
    assert drawn[0].title != drawn[1].title


@pytest.mark.parametrize("address", ["/share/blue-skies.ko.png", "/badge/blue-skies.svg"])
def test_other_sites_may_show_it_and_caches_keep_it_for_a_minute(client, address):
    campaign()
    answer = client.get(address)
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age=60" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", ["unknown.ko", "blue-skies.xx", "blue-skies"])
def test_an_unknown_campaign_or_language_has_none(client, name):
    campaign()
    assert client.get(f"/share/{name}.png").status_code == 404


def test_the_pages_of_a_campaign_name_it_and_other_pages_do_not(client):
    campaign()
    for page in ("", "/progress", "/organizations", "/pledge/1"):
        assert "/share/blue-skies.ko.png" in client.get(f"/ko/c/blue-skies{page}").text, page
    assert "/share/" not in client.get("/ko/").text


def test_the_card_says_which_signature_it_is_in_the_language_of_its_address(client, drawn):
    signatures(4)
    fold_all()
    for number in (1, 2, 3, 4):
        answer = client.get(f"/share/blue-skies/{number}.en.png")
        with Image.open(io.BytesIO(answer.data)) as image:
            assert (answer.mimetype, image.size) == ("image/png", (1200, 630))
    assert client.get("/share/blue-skies/4.ko.png").status_code == 200
    assert [image.figure for image in drawn] == ["1st", "2nd", "3rd", "4th", "4번째"]
    assert [drawn[0].words, drawn[4].words] == ["signature", "서명"]


@pytest.mark.parametrize("number", ["3", "0", "-1", "x", "9" * 40])
def test_there_is_none_of_a_number_that_nobody_has(client, number):
    signatures(2)
    fold_all()
    assert client.get(f"/share/blue-skies/{number}.en.png").status_code == 404


def test_one_network_has_so_many_drawn_as_its_limit_says(make_app):
    app = make_app(limit_token="2 per hour")
    with app.app_context():
        signatures(1)
        fold_all()
        answers = [app.test_client().get("/share/blue-skies/1.en.png").status_code for _ in range(3)]
    assert answers == [200, 200, 429]


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
