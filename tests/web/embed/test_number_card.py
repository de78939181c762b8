"""The picture with one's number, as people save or post it."""

import io

import pytest
from PIL import Image

from pledge.campaigns.models import CampaignState
from pledge.signatures import own
from tests.support.factories import campaign, fold_all, manage_token, plant_entry, signatures

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


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


def test_who_was_the_second_stays_the_second_when_somebody_withdraws(client):
    people = signatures(2)
    fold_all()
    own.withdraw(manage_token(people[0]))
    fold_all()
    assert client.get("/share/blue-skies/2.en.png").status_code == 200


def test_a_draft_has_none(client):
    campaign(state=CampaignState.DRAFT)
    plant_entry()
    assert client.get("/share/blue-skies/1.en.png").status_code == 404


def test_one_network_has_so_many_drawn_as_its_limit_says(make_app):
    app = make_app(limit_token="2 per hour")
    with app.app_context():
        signatures(1)
        fold_all()
        answers = [app.test_client().get("/share/blue-skies/1.en.png").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
