"""The pages after signing and after confirming are the same for everybody: their address is a key to nothing."""

import re

import pytest
from flask import template_rendered

from pledge.core import clock
from pledge.endorsements.services import ticket_for as endorse_ticket
from pledge.signatures.services import ticket_for
from tests.support.factories import (
    answer_requests,
    campaign,
    code,
    confirm_token,
    endorse_confirm_token,
    endorse_form,
    endorsement,
    fold_all,
    mailed,
    manage_token,
    sign_form,
    signature,
)
from tests.support.pages import MATCH_NUMBER, filled, multipart, thanks_parts, without_templates

pytestmark = pytest.mark.usefixtures("app")

PAGE = "/en/c/blue-skies"
EMAIL, NAME = "sky@haneul.co.kr", "김하늘"
#: What would open or tell something of a person.
PERSONAL = (EMAIL, NAME, "/me/", "/confirm/", "/withdraw")


def person(state="pending", **more):
    return mailed(signature(state=state, name=NAME, email=EMAIL, at=clock.now(), **more))


def waiting(row):
    return f"{PAGE}/check/{ticket_for('blue-skies', row.id)}"


def organization_waiting(row):
    return f"{PAGE}/endorse/check/{endorse_ticket('blue-skies', row.address_hash, row.name_key)}"


def key_on(page):
    """What the page of a link that waits gives to the browser that presses its button."""
    return re.search(r'data-key="([^"]+)"', page.text)[1]


def mine(client, path="", **sent):
    return client.post(f"{PAGE}{path}/mine", data=sent)


@pytest.mark.parametrize("state", ["pending", "confirmed", "held", "withdrawn", "invalidated"])
def test_the_waiting_page_is_the_same_bytes_for_every_ticket(client, frozen_clock, state):
    page = client.get(waiting(person(state, **({"hold_reason": "speed"} if state == "held" else {}))))
    assert page.status_code == 200
    damaged = client.get(f"{PAGE}/check/damaged")
    assert (damaged.status_code, damaged.data) == (200, page.data)
    assert client.get(f"{PAGE}/check").data == page.data
    assert damaged.headers["ETag"] == page.headers["ETag"]


@pytest.mark.parametrize("state", ["pending", "review", "published"])
def test_the_waiting_page_of_an_organisation_is_the_same_bytes_for_every_ticket(client, frozen_clock, state):
    page = client.get(organization_waiting(endorsement(state=state)))
    assert page.status_code == 200
    assert client.get(f"{PAGE}/endorse/check/damaged").data == page.data


def test_the_page_is_made_once_for_all_tickets(app, client, frozen_clock):
    campaign()
    made = []
    with template_rendered.connected_to(lambda *_, **about: made.append(about["template"].name), app):
        for path in ("check/one", "check/two", "check", "endorse/check/one", "endorse/check/two"):
            assert client.get(f"{PAGE}/{path}").status_code == 200
        assert made.count("public/mailed_links/check.html") == 2, "one for people and one for organisations"


def test_a_code_for_a_ticket_that_is_none_is_answered_like_a_wrong_one(client):
    address = waiting(person())
    wrong = client.post(address, data={"code": "000000"})
    for other in (f"{PAGE}/check/damaged", f"{PAGE}/check"):
        resent = client.post(other, data={"resend": "y"})
        assert resent.location == f"{other}#resent"
        answer = client.post(other, data={"code": "000000"})
        assert (answer.status_code, answer.data) == (422, wrong.data)


def confirmed_by_link(client):
    return client.post(f"/en/confirm/{confirm_token(person())}")


def confirmed_by_code(client):
    row = person()
    return client.post(waiting(row), data={"code": code(row)})


def confirmed_by_organisation(client):
    row = endorsement(state="pending", email=EMAIL)
    return client.post(f"/en/endorse/confirm/{endorse_confirm_token(row)}")


def held_by_link(client):
    return client.post(f"/en/confirm/{confirm_token(person(hold_reason='speed'))}")


@pytest.mark.parametrize(
    "act", [confirmed_by_link, confirmed_by_code, confirmed_by_organisation, held_by_link]
)
def test_confirming_leads_to_a_page_that_has_nothing_of_the_person(client, act):
    reply = act(client)
    assert reply.status_code == 303
    assert re.fullmatch(f"{PAGE}(/endorse)?/thanks", reply.headers["Location"])
    page = client.get(reply.headers["Location"])
    shown = without_templates(page.text)
    assert [word for word in PERSONAL if word in shown] == []
    assert "You have signed" not in shown, "whoever is held reads it too"
    assert [word for word in (EMAIL, NAME) if word in page.text] == []
    assert "public" in page.headers["Cache-Control"]
    assert '<link rel="canonical" href="http://localhost/en/c/blue-skies">' in page.text
    assert '<meta property="og:url" content="http://localhost/en/c/blue-skies">' in page.text


def test_a_link_that_was_used_says_so_to_whoever_opens_it_and_mails_the_way_to_the_own_page(client):
    row = person()
    address = f"/en/confirm/{confirm_token(row)}"
    client.post(address)
    page = client.get(address)
    assert "Your confirmation has arrived" in page.text
    assert [word for word in (EMAIL, NAME, "/me/", "data-key", "/withdraw") if word in page.text] == []
    held = confirm_token(signature(state="held", hold_reason="speed", email="a@example.org"))
    other = client.get(f"/en/confirm/{held}").text.replace(held, "")
    assert other == page.text.replace(address.rpartition("/")[2], "")
    answer_requests()
    assert client.post(f"{address}/my-link").status_code == 303


def test_the_address_of_a_used_link_opens_nothing_of_the_small_request_either(client):
    row = person()
    token = confirm_token(row)
    client.post(f"/en/confirm/{token}")
    fold_all()
    assert mine(client, key=token).json == {}


def test_the_browser_that_pressed_is_told_its_number_and_the_way_to_its_own_page(client):
    address = f"/en/confirm/{confirm_token(person(region=None))}"
    key = key_on(client.get(address))
    assert mine(client, key=key).json == {}, "nothing is confirmed yet"
    client.post(address)
    first = mine(client, key=key)
    assert first.headers["Cache-Control"] == "no-store"
    assert first.json["again"] is True
    fold_all()
    assert "again" not in mine(client, key=key).json
    shown = thanks_parts(client, key)
    for part in (
        'class="number__value">first',
        'href="/share/blue-skies/1.en.square.png" download="blue-skies-1.png"',
        f"/confirm/{key}/region",
        f"/confirm/{key}/no-mail",
        "/en/me/",
    ):
        assert part in shown


@pytest.mark.parametrize("path", ["sign", "endorse"])
def test_the_answer_to_the_form_has_the_two_digits_where_no_server_sees_them(client, path):
    campaign()
    form = {"data": sign_form()} if path == "sign" else multipart(endorse_form())
    address, _, digits = client.post(f"{PAGE}/{path}", **form).location.partition("#")
    shown = client.post(address, data={"digits": "y"})
    assert digits == MATCH_NUMBER.search(shown.text)[1]


def test_the_browser_that_typed_the_code_gets_the_same_by_ticket_and_code(client):
    row = person()
    client.post(waiting(row), data={"code": code(row)})
    ticket = waiting(row).rpartition("/")[2]
    by_ticket = mine(client, ticket=ticket).json
    assert by_ticket == {"state": "confirmed", "again": True, "digits": by_ticket["digits"]}
    assert mine(client, ticket=ticket, code="000000").status_code == 422
    answer = mine(client, ticket=ticket, code=code(row)).json
    assert client.get(f"/en/me/{answer['own']}").status_code == 200
    assert "/en/me/" in thanks_parts(client, answer["key"])


def test_the_browser_that_signed_is_told_the_digits_and_once_it_is_confirmed_for_an_hour(
    client, frozen_clock
):
    row = person()
    other = mailed(signature(state="pending", name="Somebody Else", email=EMAIL, at=clock.now()))
    ticket, stranger = (waiting(signer).rpartition("/")[2] for signer in (row, other))
    shown = client.post(waiting(row), data={"digits": "y"})
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
    answer = mine(client, ticket=ticket).json
    assert answer == {"digits": MATCH_NUMBER.search(shown.text)[1]}
    client.post(f"/en/confirm/{confirm_token(row)}")
    fold_all()
    assert mine(client, ticket=ticket).json["place"] == "first"
    assert set(mine(client, ticket=stranger).json) == {"digits"}
    frozen_clock.move(hours=1, seconds=1)
    assert set(mine(client, ticket=ticket).json) == {"digits"}


def test_one_that_is_held_is_told_so_by_the_small_request_only(client):
    row = person(hold_reason="speed")
    address = f"/en/confirm/{confirm_token(row)}"
    key = key_on(client.get(address))
    client.post(address)
    for sent in ({"key": key}, {"ticket": waiting(row).rpartition("/")[2]}):
        answer = mine(client, **sent)
        assert answer.json["state"] == "held"
        assert [key for key in ("number", "again") if key in answer.json] == []
        assert "speed" not in answer.text
    assert "A person looks at it before it is counted." in thanks_parts(client, key)
    own = client.get(f"/en/me/{manage_token(row)}").text
    assert "Confirmed, and not counted yet" in own
    assert "/withdraw" in own
    assert "/receipt" not in own
    assert "speed" not in own


@pytest.mark.parametrize(("hold_reason", "is_counted"), [(None, True), ("speed", False)])
def test_only_the_browser_of_who_is_counted_reads_that_it_has_signed(client, hold_reason, is_counted):
    row = person(hold_reason=hold_reason)
    address = f"/en/confirm/{confirm_token(row)}"
    key = key_on(client.get(address))
    page = client.get(client.post(address).location)
    assert "Your confirmation has arrived" in page.text
    assert "or that a person looks at your signature first" in page.text
    assert ("You have signed" in thanks_parts(client, key)) == is_counted


def test_an_organisation_is_told_its_digits_and_the_way_to_its_page(client):
    row = endorsement(state="pending")
    ticket = organization_waiting(row).rpartition("/")[2]
    digits = MATCH_NUMBER.search(client.post(organization_waiting(row), data={"digits": "y"}).text)[1]
    assert mine(client, "/endorse", ticket=ticket).json["digits"] == digits
    address = f"/ko/endorse/confirm/{endorse_confirm_token(row)}"
    key = key_on(client.get(address))
    assert mine(client, "/endorse", key=key).json == {}
    client.post(address)
    html = filled(client.get("/ko/c/blue-skies/endorse/thanks").text, mine(client, "/endorse", key=key).json)
    assert 'href="/ko/endorse/me/' in html
    assert "단체 관리 페이지 열기" in html


def test_what_was_kept_for_one_campaign_tells_nothing_in_another(client):
    row = person(state="confirmed")
    campaign("clean-air")
    ticket = waiting(row).rpartition("/")[2]
    for sent in ({"ticket": ticket}, {"ticket": ticket, "code": code(row)}):
        assert client.post("/en/c/clean-air/mine", data=sent).json == {}


def test_the_ticket_in_the_address_leaves_by_no_referrer_and_is_in_no_index(client):
    page = client.get(waiting(person()))
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert '<meta name="robots" content="noindex">' in page.text
