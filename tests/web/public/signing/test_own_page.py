"""One's own page: the number, the place, and what it says after each act."""

import pytest

from pledge.signatures import services
from pledge.signatures.queries import own_signature
from pledge.switches import services as switches
from tests.support.factories import (
    EDITOR,
    fold_all,
    manage_token,
    signature,
    signatures,
)

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]

FIELDS = {"name": "홍길동", "country": "KR", "region": "KR-26"}


def send(client, person, act, **data):
    """Send a form of the own page; the answer, and the page that follows it."""
    answer = client.post(f"/en/me/{manage_token(person)}/{act}", data=data)
    return answer, client.get(answer.location).text if answer.location else answer.text


def place(person):
    shown = own_signature(manage_token(person), "en")
    return shown.row.country, shown.row.region


def test_the_own_page_shows_ones_number_and_a_way_to_share_while_the_signature_counts(client):
    first, second = signatures(2)
    fold_all()
    page = client.get(f"/en/me/{manage_token(second)}").text
    assert "to sign" in page
    assert "/share/blue-skies/2.en.square.png" in page
    assert 'class="share ' in page
    services.withdraw(manage_token(first))
    page = client.get(f"/en/me/{manage_token(first)}").text
    assert "number__value" not in page
    assert 'class="share ' not in page


def test_beside_the_picture_and_beside_withdrawing_stands_that_a_number_tells_of_a_withdrawal(client):
    person = signature()
    fold_all()
    own_address = f"/en/me/{manage_token(person)}"
    assert (
        "Whoever knows your number can see in the public log if you withdraw" in client.get(own_address).text
    )
    for act in ("withdraw", "erase"):
        assert "Whoever knows your number" in client.get(f"{own_address}/{act}").text


def test_who_withdrew_finds_the_form_to_sign_again_filled_in_but_for_the_consents(client):
    person = signature(name="김하늘", email="sky@naver.com", region="KR-11")
    assert 'id="sign-form"' not in client.get(f"/en/me/{manage_token(person)}").text
    _, page = send(client, person, "withdraw")
    form = page.partition('id="sign-form"')[2].partition("</form>")[0]
    assert 'action="/en/c/blue-skies/sign"' in page
    for value in ('value="김하늘"', 'value="sky@naver.com"', '<option value="KR" selected>', 'value="KR-11"'):
        assert value in form
    assert " checked" not in form
    switches.turn(EDITOR, "signing", True, "attack")
    assert 'id="sign-form"' not in client.get(f"/en/me/{manage_token(person)}").text


def test_an_older_link_leads_to_the_signature_that_counts_now(client):
    older = signature(state="withdrawn", name="Hong Gildong", email="hong@example.org")
    signature(name="Hong Gilsun", email="hong@example.org")
    assert "Hong Gilsun" in client.get(f"/en/me/{manage_token(older)}").text


def test_country_and_region_are_filled_in_and_can_be_put_right(client):
    person = signature(region="KR-11")
    page = client.get(f"/en/me/{manage_token(person)}").text
    assert '<option value="KR" selected>' in page
    assert '<option value="KR-11" selected>' in page
    answer, page = send(client, person, "consents", **FIELDS)
    assert answer.status_code == 303
    assert place(person) == ("KR", "KR-26")
    assert '<option value="KR-26" selected>' in page


@pytest.mark.parametrize("wrong", [{"name": "=x"}, {"country": "XX"}, {"region": "KR-99"}])
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_changed(client, wrong):
    person = signature(region="KR-11", name="김하늘")
    answer, page = send(client, person, "consents", **{**FIELDS, **wrong})
    assert answer.status_code == 422
    assert f'id="{next(iter(wrong))}-error"' in page
    shown = own_signature(manage_token(person), "en")
    assert (shown.row.name, shown.row.region) == ("김하늘", "KR-11")


def test_each_act_is_followed_by_what_was_done_and_reading_begins_there(client):
    person = signature()
    for act, data, done in (
        ("consents", FIELDS, "Your changes are saved."),
        ("withdraw", {}, "Your signature is withdrawn and no longer counted."),
    ):
        answer, page = send(client, person, act, **data)
        notice = page.partition('role="status" id="done" tabindex="-1"')[2].partition("</div>")[0]
        assert done in notice, act
        assert answer.location.endswith("#done")
