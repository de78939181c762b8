"""The form by which one writes to whoever answers for the site."""

import pytest

from pledge.abuse import proof
from pledge.core.db import db
from pledge.core.languages import Texts
from pledge.mail.models import OutboxMail
from pledge.web.public import contact
from tests.support.factories import campaign, draft
from tests.support.mails import Notes, deliver
from tests.support.pages import hidden_fields
from tests.support.proof import challenge_of, solve

FORM = {"name": "Ana", "email": "ana@example.org", "message": "The button does\r\nnothing."}


def test_a_message_is_mailed_and_the_answer_names_nobody(client):
    sent = client.post("/en/contact", data=FORM)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/en/contact/sent")
    page = client.get("/en/contact/sent")
    assert "Thank you for writing" in page.text
    assert "ana@example.org" not in page.text
    notes = Notes()
    deliver(notes)
    assert "The button does\r\nnothing." in notes.mails[0].get_body(("plain",)).get_content()


def test_a_message_from_a_campaign_names_it_goes_to_its_address_and_is_counted(client, staff_client):
    campaign("air", reply_to="air@example.org", title=Texts(ko="모두의 하늘", en="Air for all"))
    page = client.get("/en/c/air").text
    assert 'href="/en/contact?campaign=air"' in page
    form = client.get("/en/contact?campaign=air").text
    assert "To the secretariat of “Air for all”" in form
    fields = hidden_fields(form)
    assert client.post("/en/contact", data=FORM | fields).status_code == 303
    client.post("/en/contact", data=FORM)
    notes = Notes()
    deliver(notes)
    ours, sites = notes.mails
    assert (ours["To"], ours["Subject"]) == ("air@example.org", "[Air for all] Question from Ana")
    assert sites["To"] != "air@example.org"
    assert "1 message by" in staff_client("viewer", lang="en").get("/staff/numbers?campaign=air").text


def test_a_form_that_is_shown_again_is_still_about_its_campaign(client, monkeypatch):
    campaign("air")
    wrong = client.post("/en/contact", data=FORM | {"campaign": "air", "email": "nobody"})
    assert hidden_fields(wrong.text)["campaign"] == "air"
    monkeypatch.setattr(contact, "SITE_LIMIT", "1 per hour")
    client.post("/en/contact", data=FORM)
    asked = client.post("/en/contact", data=FORM | {"campaign": "air"})
    assert (asked.status_code, hidden_fields(asked.text)["campaign"]) == (403, "air")


@pytest.mark.parametrize("slug", ["nothing", "draft", ""])
def test_a_message_about_no_public_campaign_goes_to_the_site(client, slug):
    draft("draft")
    assert client.post("/en/contact", data=FORM | {"campaign": slug}).status_code == 303
    assert db.session.query(OutboxMail).one().subject_id == 0


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "x" * 81, "Your name can have up to 80 characters."),
        ("email", "ana", "Enter an e-mail address in the form name@example.com."),
        ("message", " ", "Please write what it is about."),
        ("message", "a" * 3001, "A message can have up to 3,000 characters."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(client, field, typed, words):
    page = client.post("/en/contact", data=FORM | {field: typed})
    assert page.status_code == 422
    assert f'id="{field}-error">{words}<' in page.text
    for other in FORM.keys() - {field}:
        assert FORM[other].split("\r")[0] in page.text
    assert db.session.query(OutboxMail).count() == 0


def test_a_line_break_counts_as_one_character_as_in_the_browser(client):
    assert client.post("/en/contact", data=FORM | {"message": "a\r\n" * 1500}).status_code == 303


def send_from(client, network, fields=FORM):
    return client.post("/en/contact", data=fields, environ_base={"REMOTE_ADDR": network})


def test_who_writes_too_often_waits_keeps_what_was_typed_and_uses_up_nothing_of_others(client, monkeypatch):
    monkeypatch.setattr(contact, "NETWORK_LIMIT", "1 per hour")
    assert send_from(client, "203.0.113.7").status_code == 303
    for _ in range(3):
        page = send_from(client, "203.0.113.7")
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0
    assert "nothing.</textarea>" in page.text
    assert "write an e-mail to privacy@localhost." in page.text
    assert send_from(client, "198.51.100.9").status_code == 303


@pytest.mark.sqlite_only
def test_after_three_hundred_messages_of_programs_a_person_is_let_through_with_a_proof_of_work(
    client, monkeypatch
):
    monkeypatch.setattr(proof, "COST", 16)
    sent = [send_from(client, f"2001:db8:{block:x}::7").status_code for block in range(303)]
    assert (sent[:300], sent[300:]) == ([303] * 300, [403] * 3)
    person = "2001:db8:ffff::7"
    page = send_from(client, person)
    assert page.status_code == 403
    assert "You can also write an e-mail to privacy@localhost." in page.text
    solved = {**hidden_fields(page.text), "altcha": solve(challenge_of(page))}
    assert solved["message"] == FORM["message"]
    assert send_from(client, person, solved | {"email": "other@example.org"}).status_code == 403
    assert send_from(client, person, solved).location == "/en/contact/sent"
    assert send_from(client, person, solved).status_code == 403, "a solution is good for one message"
