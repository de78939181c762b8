"""One's own account: password, second factors, recovery codes, language."""

import re

import pytest
from sqlalchemy import select

from pledge.accounts import queries, services
from pledge.accounts.models import StaffPasskey
from pledge.audit.models import Actor
from pledge.core.db import db
from pledge.mail.models import OutboxMail
from tests.support.factories import staff
from tests.support.staff import token_in

PASSWORD = "three green herons waited"
NEW = "four blue cranes flew"


def add_passkey(member, name="My phone"):
    added = StaffPasskey(
        credential_id=name.encode(), public_key=b"key", sign_count=0, transports=["internal"]
    )
    services.add_passkey(Actor(member.id, member.email, ""), added, name, first=False)
    return db.session.scalar(select(StaffPasskey.id).where(StaffPasskey.name == name))


def notices():
    return db.session.scalars(select(OutboxMail.kind)).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"present": "wrong", "password": NEW, "again": NEW}, "not your current password"),
        ({"present": PASSWORD, "password": NEW, "again": NEW + "!"}, "not the same"),
        ({"present": PASSWORD, "password": "short", "again": "short"}, "at least 12"),
        ({}, "not your current password"),
    ],
)
def test_a_change_of_password_that_cannot_be(staff_client, fields, message):
    person = staff_client("viewer", password=PASSWORD, lang="en")
    answer = person.post("/staff/account/password", data=fields)
    assert answer.status_code == 422
    assert message in answer.text
    assert queries.member(id=person.member.id).password == person.member.password


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/staff/account/password", {"present": "wrong", "password": NEW, "again": NEW}),
        ("/staff/verify", {"factor-code": "000000"}),
        ("/staff/verify?sign_in=y", {"factor-code": "000000", "factor-password": "wrong"}),
    ],
    ids=["present password", "second factor", "password before the second factor"],
)
def test_guessing_within_a_session_is_slowed_down(staff_client, frozen_clock, path, wrong):
    person = staff_client("viewer", password=PASSWORD)
    statuses = [person.post(path, data=wrong).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_a_change_is_told_by_mail(staff_client):
    person = staff_client("viewer", password=PASSWORD)
    person.post("/staff/account/password", data={"present": PASSWORD, "password": NEW, "again": NEW})
    assert notices() == ["staff_notice"]


def test_opening_the_page_of_the_app_stores_nothing(staff_client, statements):
    person = staff_client("viewer")
    with statements() as seen:
        person.get("/staff/account/authenticator")
    assert not [s for s in seen if s.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert queries.member(id=person.member.id).totp_secret == person.member.totp_secret


def test_a_wrong_code_keeps_the_square_that_was_scanned(staff_client):
    person = staff_client("viewer")
    page = person.get("/staff/account/authenticator")
    fields = dict(re.findall(r'name="(sealed)" value="([^"]+)"', page.text))
    key = re.search(r'authenticator__key">([^<]+)<', page.text)[1]
    answer = person.post("/staff/account/authenticator", data={**fields, "code": "000000"})
    assert answer.status_code == 422
    assert key in answer.text
    assert queries.member(id=person.member.id).totp_secret == person.member.totp_secret


def test_a_secret_of_somebody_else_s_page_is_not_taken(staff_client):
    mine, theirs = staff_client("viewer"), staff_client("viewer")
    sealed = re.search(r'name="sealed" value="([^"]+)"', theirs.get("/staff/account/authenticator").text)[1]
    for odd in (sealed, "", "zz", "00" * 40):
        answer = mine.post("/staff/account/authenticator", data={"sealed": odd, "code": "000000"})
        assert answer.status_code == 422
    assert queries.member(id=mine.member.id).totp_secret == mine.member.totp_secret


def test_the_only_second_factor_cannot_be_removed(viewer):
    refused = viewer.post("/staff/account/authenticator/remove")
    assert refused.status_code == 409
    assert "This is your only second factor" in refused.text
    assert queries.member(id=viewer.member.id).has_second_factor
    add_passkey(viewer.member)
    assert viewer.post("/staff/account/authenticator/remove").location == "/staff/account"


def test_a_passkey_of_somebody_else_cannot_be_removed(staff_client):
    mine, other = staff_client("viewer"), staff("editor")
    passkey = add_passkey(other)
    mine.post(f"/staff/account/passkeys/{passkey}/remove")
    assert len(queries.member(id=other.id).passkeys) == 1


def test_what_is_set_up_is_shown_and_no_secret(viewer):
    add_passkey(viewer.member)
    page = viewer.get("/staff/account").text
    assert "My phone" in page
    assert viewer.member.totp_secret not in page


def test_the_area_speaks_the_person_s_language_whatever_the_browser_asks_for(viewer):
    page = viewer.get("/staff/account", headers={"Accept-Language": "ko"})
    assert '<html lang="en" ' in page.text
    missing = viewer.get("/staff/nothing/here", headers={"Accept-Language": "ko"})
    assert missing.status_code == 404
    assert '<html lang="en" ' in missing.text


def test_the_language_is_switched_in_the_head_and_stays(staff_client):
    person = staff_client("viewer", lang="ko")
    answer = person.post("/staff/language", data={"lang": "en", "next": "/staff/account?done=x"})
    assert answer.location == "/staff/account?done=x"
    assert queries.member(id=person.member.id).lang == "en"
    assert (
        person.post("/staff/language", data={"lang": "xx", "next": "https://evil.example"}).location
        == "/staff/"
    )
    assert queries.member(id=person.member.id).lang == "en"


def test_the_address_the_switch_or_the_browser_decides_the_language_before_the_sign_in(client):
    assert '<html lang="en" ' in client.get("/staff/sign-in", headers={"Accept-Language": "en"}).text
    assert '<html lang="ko" ' in client.get("/staff/sign-in").text
    page = client.get("/staff/sign-in?lang=en")
    assert '<html lang="en" ' in page.text
    client.post(
        "/staff/language", data={"csrf_token": token_in(page), "lang": "en", "next": "/staff/sign-in"}
    )
    assert '<html lang="en" ' in client.get("/staff/sign-in").text


def test_everybody_chooses_which_alerts_they_get_of_those_that_their_role_may_hear_of(viewer):
    page = viewer.get("/staff/account")
    assert 'value="step_reached"' in page.text
    assert "sign_ups_held" not in page.text
    sent = viewer.post("/staff/account/alerts", data={"alerts": ["step_reached", "sign_ups_held", "other"]})
    assert (sent.status_code, sent.location) == (303, "/staff/account")
    assert queries.member(id=viewer.member.id).alerts == ["step_reached"]
    assert 'value="step_reached" checked' in viewer.get("/staff/account").text
    viewer.post("/staff/account/alerts")
    assert "checked" not in viewer.get("/staff/account").text


def test_an_administrator_gets_alerts_about_faults_until_they_choose(staff_client):
    page = staff_client("admin", lang="en").get("/staff/account").text
    assert 'value="valve_closed" checked' in page
    assert 'value="step_reached" checked' not in page
