"""The share image of a campaign, as a social network fetches it."""

import io

import pytest
from PIL import Image

from pledge.campaigns.models import CampaignState
from tests.support.factories import campaign, fold_all, signatures

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


def test_other_sites_may_show_it_and_caches_keep_it_for_a_minute(client):
    campaign()
    answer = client.get("/share/blue-skies.ko.png")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age=60" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", ["unknown.ko", "blue-skies.xx", "blue-skies"])
def test_an_unknown_campaign_or_language_has_none(client, name):
    campaign()
    assert client.get(f"/share/{name}.png").status_code == 404


def test_a_draft_has_none(client):
    campaign(state=CampaignState.DRAFT)
    assert client.get("/share/blue-skies.ko.png").status_code == 404


def test_the_pages_of_a_campaign_name_it_and_other_pages_do_not(client):
    campaign()
    for page in ("", "/progress", "/organizations", "/pledge/1"):
        assert "/share/blue-skies.ko.png" in client.get(f"/ko/c/blue-skies{page}").text, page
    assert "/share/" not in client.get("/ko/").text
