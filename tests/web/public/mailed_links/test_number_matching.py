"""The pages where a machine may have pressed: they ask for the number of the waiting page."""

import re

import pytest
from sqlalchemy import select

from pledge.core import tokens
from pledge.core.db import load
from pledge.endorsements import handover
from pledge.endorsements.applications import name_digest
from pledge.endorsements.handover import number_for as contact_number_for
from pledge.endorsements.services import ticket_for as endorse_ticket
from pledge.ledger.models import LedgerEntry
from pledge.mail import suppression
from pledge.mail.models import Returned
from pledge.signatures.models import Signature
from pledge.signatures.services import ticket_for
from tests.support.factories import (
    answer_requests,
    confirm_token,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_manage_token,
    endorsement,
    mailed,
    scanned,
    sign_form,
    signature,
)
from tests.support.mails import ask_to_take_over, delivered
from tests.support.pages import MATCH_NUMBER
from tests.support.rows import again, number_of

pytestmark = pytest.mark.usefixtures("app")

EMAIL = "kim@ministry.example.org"
#: What Chromium sends when a script of a page sends a form.
BY_SCRIPT = {"Sec-CH-UA": '"Chromium";v="140"', "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def person():
    return mailed(signature(state="pending", email=EMAIL, **scanned()))


def shown_digits(client, waiting):
    """As the page shows them without JavaScript."""
    match = MATCH_NUMBER.search(client.post(waiting, data={"digits": "y"}).text)
    return match and match[1]


def test_the_page_asks_at_once_where_a_scanner_reads_the_mail_and_pressing_without_the_number_leads_to_it(
    client, person
):
    address = f"/en/confirm/{confirm_token(person)}"
    page = client.get(address)
    assert page.status_code == 200
    assert f'action="{address}/number"' in page.text
    assert f'action="{address}"' not in page.text
    assert tokens.two_digits(person.id) not in re.sub(r"<[^>]*>", " ", page.text).split(), (
        "it must not be found here"
    )
    reply = client.post(address)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"{address}?asked=1")
    assert number_of(LedgerEntry) == 0


def test_the_number_of_the_page_where_one_signed_confirms(client):
    signature(**scanned())
    waiting = client.post("/en/c/blue-skies/sign", data=sign_form(email=EMAIL))
    digits = shown_digits(client, waiting.location)
    (person,) = load(select(Signature).where(Signature.state == "pending"))
    address = f"/en/confirm/{confirm_token(person)}"
    reply = client.post(f"{address}/number", data={"number": f" {digits[0]} {digits[1]} "})
    assert (reply.status_code, reply.headers["Location"]) == (303, "/en/c/blue-skies/thanks")
    assert client.post(f"{address}/number", data={"number": digits}).status_code == 303, "a second press"
    assert number_of(LedgerEntry) == 2


def test_a_wrong_number_is_told_at_the_field_and_after_three_the_page_offers_a_code_instead(client, person):
    address = f"/en/confirm/{confirm_token(person)}"
    wrong = str(10 + (int(tokens.two_digits(person.id)) - 9) % 90)
    for typed in ("", "x", "123", wrong, wrong):
        page = client.post(f"{address}/number", data={"number": typed})
        assert page.status_code == 422
        assert 'id="number-error"' in page.text
    for typed in (wrong, tokens.two_digits(person.id)):
        page = client.post(f"{address}/number", data={"number": typed})
        assert page.status_code == 422
        assert "no longer taken" in page.text
        assert f'action="{address}/code"' in page.text
        assert 'name="number"' not in page.text
    assert number_of(LedgerEntry) == 0
    again = client.get(client.post(f"{address}/code").headers["Location"])
    assert "Six-digit code" in again.text
    answer_requests()
    assert len(delivered()) == 1
    assert client.post(f"{address}/number", data={"number": tokens.code(person.id, 2)}).status_code == 303
    assert number_of(LedgerEntry) == 1


def test_a_script_that_presses_is_asked_and_a_person_who_presses_after_it_is_not(client):
    person = signature(state="pending")
    address = f"/en/confirm/{confirm_token(person)}"
    asked = client.post(address, headers=BY_SCRIPT)
    assert asked.headers["Location"].endswith("?asked=1")
    assert f'action="{address}/number"' in client.get(asked.headers["Location"]).text
    assert number_of(LedgerEntry) == 0
    assert f'action="{address}"' in client.get(address).text
    pressed = client.post(address, headers={**BY_SCRIPT, "Sec-Fetch-User": "?1"})
    assert pressed.location == "/en/c/blue-skies/thanks"
    assert number_of(LedgerEntry) == 1


def test_the_way_from_an_expired_link_to_a_new_mail_does_not_show_the_number(client, person, frozen_clock):
    token = confirm_token(person)
    frozen_clock.move(days=8)
    waiting = client.post(f"/en/confirm/{token}/renew").location.partition("#")[0]
    assert shown_digits(client, waiting) is None
    ticket = waiting.rpartition("/")[2]
    assert client.post("/en/c/blue-skies/mine", data={"ticket": ticket}).json["digits"] == ""
    signed = f"/en/c/blue-skies/check/{ticket_for('blue-skies', person.id)}"
    assert shown_digits(client, signed) == tokens.two_digits(person.id)


class TestOrganisations:
    @pytest.fixture
    def row(self):
        row = endorsement(state="pending", email=EMAIL)
        scanned()
        return row

    def test_the_number_of_the_page_after_the_form_confirms(self, client, row):
        ticket = endorse_ticket("blue-skies", row.address_hash, row.name_key)
        digits = shown_digits(client, f"/en/c/blue-skies/endorse/check/{ticket}")
        address = f"/en/endorse/confirm/{endorse_confirm_token(row)}"
        assert f'action="{address}/number"' in client.get(address).text
        assert client.post(address).headers["Location"].endswith("?asked=1")
        assert again(row).state == "pending"
        reply = client.post(f"{address}/number", data={"number": digits})
        assert (reply.status_code, reply.location) == (303, "/en/c/blue-skies/endorse/thanks")
        assert again(row).state == "review"

    def test_three_wrong_numbers_end_it_until_the_form_is_sent_again(self, client, row):
        address = f"/en/endorse/confirm/{endorse_confirm_token(row)}"
        right = tokens.two_digits(row.address_hash.hex(), name_digest(row.name_key))
        for typed in [str(10 + (int(right) - 9) % 90)] * 3 + [right]:
            page = client.post(f"{address}/number", data={"number": typed})
            assert page.status_code == 422
        assert 'name="number"' not in page.text
        assert 'href="/en/c/blue-skies/endorse"' in page.text
        assert again(row).state == "pending"


AGREED = {"authority_ok": "y", "consent_person": "y"}


class TestTakingOver:
    """The person who is to speak for an organisation is told the number by the one who named them."""

    @pytest.fixture
    def row(self):
        return endorsement(email="sky@haneul.co.kr")

    def ask(self, row):
        change = ask_to_take_over(row, EMAIL)
        return change, f"/en/endorse/contact/{endorse_contact_token(change)}"

    def test_the_page_asks_for_the_number_of_the_own_page_where_a_scanner_reads_the_mail(self, client, row):
        scanned()
        _, address = self.ask(row)
        page = client.get(address)
        assert 'name="number"' in page.text
        assert EMAIL not in page.text
        text = client.get(f"/en/endorse/me/{endorse_manage_token(row)}").text
        digits = MATCH_NUMBER.search(text)[1]
        for typed in ("", "x"):
            assert client.post(address, data={**AGREED, "number": typed}).status_code == 422
        assert again(row).contact_email == "sky@haneul.co.kr"
        assert client.post(address, data={**AGREED, "number": f" {digits} "}).status_code == 303
        assert again(row).contact_email == EMAIL

    def test_the_page_that_asks_for_the_number_does_not_have_it(self, client, row, monkeypatch):
        monkeypatch.setattr(tokens, "two_digits", lambda *_parts: "77")  # nothing else on the page is 77
        scanned()
        _, address = self.ask(row)
        text = client.get(f"/en/endorse/me/{endorse_manage_token(row)}").text
        assert MATCH_NUMBER.search(text)[1] == "77"
        page = client.get(address).text
        assert "77" not in re.sub(r"<[^>]*>", " ", page).split()

    def test_three_wrong_numbers_end_it_until_the_person_is_named_again(self, client, row):
        scanned()
        change, address = self.ask(row)
        right = contact_number_for(row.id, change.contact_number)
        for typed in [str(10 + (int(right) - 9) % 90)] * 3 + [right]:
            page = client.post(address, data={**AGREED, "number": typed})
            assert page.status_code == 422
            assert 'id="number-error"' in page.text
        change, address = self.ask(row)
        number = contact_number_for(row.id, change.contact_number)
        assert client.post(address, data={**AGREED, "number": number}).status_code == 303

    def test_of_two_right_numbers_at_once_neither_is_called_wrong(self, client, row, monkeypatch):
        scanned()
        change, address = self.ask(row)
        number = contact_number_for(row.id, change.contact_number)
        check = handover.check_digits

        def check_second(*typed):
            handover.accept(row.id, change.contact_number, "2026-11-25")
            return check(*typed)

        monkeypatch.setattr(handover, "check_digits", check_second)
        second = client.post(address, data={**AGREED, "number": number})
        assert (second.status_code, second.headers["Location"]) == (303, address)
        assert client.get(address).status_code == 200

    def test_a_script_that_presses_is_asked_and_a_person_is_not(self, client, row):
        _, address = self.ask(row)
        assert 'name="number"' not in client.get(address).text
        page = client.post(address, data=AGREED, headers=BY_SCRIPT)
        assert page.status_code == 422
        assert 'name="number"' in page.text
        assert again(row).contact_email == "sky@haneul.co.kr"
        assert client.post(address, data=AGREED).status_code == 303


def test_the_page_where_one_signed_shows_two_digits_for_every_kind_of_address(client, frozen_clock):
    """Promise 4: the pages differ in the digits alone."""
    suppression.stop("gone@example.org", Returned.NO_MAILBOX, known=True)
    signature(state="confirmed", email="counted@example.org")
    scanned()
    pages = set()
    for email in ("new@example.org", "counted@example.org", "gone@example.org", EMAIL):
        place = client.post("/en/c/blue-skies/sign", data=sign_form(email=email)).headers["Location"]
        text = client.post(place, data={"digits": "y"}).text
        assert MATCH_NUMBER.search(text)
        pages.add(MATCH_NUMBER.sub("", text))
    assert len(pages) == 1
