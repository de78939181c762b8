"""The pages of mailed links (docs/security.md, R1–R8): right status, right words, and a way on."""

import re

import pytest

from pledge.ledger.models import LedgerEntry
from tests.support.factories import (
    campaign,
    confirm_token,
    fold_all,
    manage_token,
    press_key,
    signature,
    unsubscribe_token,
)
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")


def test_who_signs_is_in_the_progress_although_its_copy_is_from_a_moment_before(client):
    for number, before, after in ((1, 99, 99), (2, 99, 98)):  # nobody who has signed is asked to be the first
        person = signature(state="pending")
        page = client.get(client.post(f"/en/confirm/{confirm_token(person)}").location)
        assert f"{before} to go to 100" in plain(page.text), number
        fold_all()
        answer = client.post("/en/c/blue-skies/mine", data={"key": press_key(person)}).json
        assert answer["progress"] == {
            "bar": {"max": 100, "value": number, "text": f"{number} of 100"},
            "next": f"{after} to go to 100",
        }


def plain(html):
    return " ".join(re.sub("<.*?>", "", html).split())


def test_r8_unsubscribing_is_a_page_with_a_button_and_can_be_repeated(client):
    person = signature(updates=True)
    token = unsubscribe_token(person)
    page = client.get(f"/en/unsubscribe/{token}")
    assert page.status_code == 200
    assert "<button" in page.text
    assert '<p class="eyebrow"><a href="/en/c/blue-skies">' in page.text, "which campaign's news"
    first, second = (client.post(f"/en/unsubscribe/{token}") for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.data == second.data
    assert "<button" not in first.text
    assert "withdraw" not in page.text.lower().split("<main")[1], (
        "unsubscribing and withdrawing never share words"
    )


def test_the_own_page_shows_what_is_stored_and_the_text_that_was_signed(client):
    of = campaign(versions=2)
    person = signature(of, name="김하늘", email="sky@naver.com", pledge_text_id=of.pledges[0].id)
    page = client.get(f"/en/me/{manage_token(person)}")
    assert page.status_code == 200
    for shown in (
        "김하늘",
        "sky@naver.com",
        "the Government of the Republic of Korea",
        "The pledge, version 1",
    ):
        assert shown in page.text
    assert 'href="/en/c/blue-skies/pledge/1"' in page.text
    assert 'href="/en/c/blue-skies/pledge/2"' in client.get("/en/c/blue-skies").text


def test_r9_a_link_of_an_invalidated_signature_says_so_and_how_to_object(client):
    person = signature(state="invalidated")
    before = number_of(LedgerEntry)
    token = confirm_token(person)
    shown, pressed = client.get(f"/en/confirm/{token}"), client.post(f"/en/confirm/{token}")
    assert (shown.status_code, pressed.status_code) == (200, 409)
    for page in (shown, pressed):
        assert "This signature is not counted" in page.text
        assert "Made by a program" in page.text
        assert "@" in page.text, "an address to write to"
        assert person.name not in page.text
    assert client.get(f"/en/confirm/{token}/not-me").status_code == 410
    assert client.post(f"/en/confirm/{token}/not-me").status_code == 410
    assert client.post(f"/en/confirm/{token}/my-link").status_code == 410
    assert number_of(LedgerEntry) == before


def test_r9_the_own_page_of_an_invalidated_signature_says_so_and_offers_no_withdrawing(client):
    person = signature(state="invalidated")
    page = client.get(f"/en/me/{manage_token(person)}")
    assert page.status_code == 200
    assert "This signature is not counted" in page.text
    assert "/withdraw" not in page.text
    assert "/erase" in page.text
    assert client.post(f"/en/me/{manage_token(person)}/withdraw").status_code == 303
    assert client.get(f"/en/me/{manage_token(person)}/download").json["state"] == "invalidated"
