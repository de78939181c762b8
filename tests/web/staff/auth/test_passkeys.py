"""Passkeys: what is accepted as one, and that nothing else is. The browser's part is in tests/browser."""

import html
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from pledge.accounts import moderation, passkeys, queries
from pledge.accounts.models import StaffPasskey
from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.core import clock
from pledge.core.db import db, load
from pledge.web.staff.auth.factors import origin
from tests.support.at_once import at_once
from tests.support.factories import member_of_staff, staff
from tests.support.pages import hidden_fields
from tests.support.passkeys import PRESENT, VERIFIED, Passkey, form_of
from tests.support.staff import client_of, send, token_in
from tests.web.staff.auth.guarded_acts import PRODUCTION

PASSWORD = "three green herons waited"
NEW = "/staff/account/passkeys/new"
SIGN_IN = "/staff/sign-in/passkey"
VERIFY = "/staff/verify"

#: What makes an answer wrong; each is refused at registering and at showing.
WRONG = {
    "made for another site": {"origin": "https://evil.example"},
    "made for another relying party": {"rp_id": "evil.example"},
    "the device does not know its owner": {"flags": PRESENT},
    "nobody was there": {"flags": VERIFIED},
}
WRONG_WHEN_SHOWN = WRONG | {
    "of another person": {"handle": b"x" * 64},
    "to another challenge": {"challenge": "AAAA"},
    "signed by another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "made to register": {"kind": "webauthn.create"},
}


@pytest.fixture
def person(app):
    return staff("admin", password=PASSWORD, lang="en", totp_secret=None)


@pytest.fixture
def passkey(app, person):
    """A passkey of the person, who has no other second factor."""
    made = Passkey()
    client = client_of(app, person, enrolled=False)
    path, credential = made.register(client.post(NEW, data={"name": "My key"}).text)
    client.post(path, data={"credential": credential})
    assert len(member_of_staff(person.id).passkeys) == 1
    return made


def started(client, path=SIGN_IN):
    """The page that asks for a passkey."""
    return client.post(path, data={"csrf_token": token_in(client.get(path))})


def show(client, passkey, path=SIGN_IN, page=None, **wrong):
    """Answer it."""
    page = page or started(client, path)
    action, credential = passkey.show(page.text, **wrong)
    return client.post(action, data={"csrf_token": token_in(page), "credential": credential})


def is_in(client):
    return client.get("/staff/people").status_code != 303


def stored_passkeys():
    return load(select(StaffPasskey))


# --- Adding one ---


def test_a_passkey_must_be_kept_by_the_device_and_know_its_owner(app, person):
    _, options = form_of(client_of(app, person, enrolled=False).post(NEW, data={"name": "My key"}).text)
    wanted = options["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    assert wanted["requireResidentKey"] is True
    assert options["user"]["name"] == person.email
    assert options["rp"]["id"] == "localhost"


@pytest.mark.parametrize("wrong", WRONG)
def test_a_passkey_that_is_not_right_is_not_kept(app, person, wrong):
    client = client_of(app, person, enrolled=False)
    page = client.post(NEW, data={"name": "My key"}).text
    path, credential = Passkey().register(page, **WRONG[wrong])
    answer = client.post(path, data={"credential": credential})
    assert (answer.status_code, answer.location) == (303, NEW)
    assert "could not be used here" in client.get(NEW).text
    assert stored_passkeys() == []
    assert client.get("/staff/people").location == "/staff/enrol"


@pytest.mark.parametrize("made_up", ["", "{}", "[]", "null", "x" * 5000, '{"id": 1}', "\u0000", "[" * 5000])
def test_an_answer_that_is_none_is_not_kept(app, person, made_up):
    client = client_of(app, person, enrolled=False)
    client.post(NEW, data={"name": "My key"})
    assert client.post(f"{NEW}/answer", data={"credential": made_up}).status_code in (303, 400)
    assert stored_passkeys() == []
    stranger = app.test_client()
    sent = {"csrf_token": token_in(started(stranger)), "credential": made_up}
    assert stranger.post(f"{SIGN_IN}/answer", data=sent).status_code in (303, 400)
    assert not is_in(stranger)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\u202eb", "a\u2028b"])
def test_a_passkey_needs_a_name_that_can_be_read(app, person, name):
    answer = client_of(app, person, enrolled=False).post(NEW, data={"name": name})
    assert answer.status_code == 422
    assert "data-options" not in answer.text


def test_a_name_is_used_once_by_each_person(app, person, passkey):
    client = client_of(app, member_of_staff(person.id))
    answer = client.post(NEW, data={"name": " My  key "})
    assert answer.status_code == 422
    assert "You have a passkey of this name already." in answer.text


def test_a_passkey_that_is_refused_when_it_is_stored_is_told_on_the_page(app, passkey):
    other = client_of(app, staff("editor", lang="en"))
    path, credential = passkey.register(other.post(NEW, data={"name": "Mine"}).text)
    other.post(path, data={"credential": credential})
    assert "This passkey is in use already." in other.get(NEW).text


def test_an_answer_counts_once_and_not_for_long(app, person, frozen_clock):
    client = client_of(app, person, enrolled=False)
    path, credential = Passkey().register(client.post(NEW, data={"name": "My key"}).text)
    frozen_clock.move(minutes=29)
    client.get("/staff/enrol")
    frozen_clock.move(minutes=2)
    client.post(path, data={"credential": credential})
    assert "That took too long." in client.get(NEW).text
    assert stored_passkeys() == []
    path, credential = Passkey().register(client.post(NEW, data={"name": "My key"}).text)
    assert client.post(path, data={"credential": credential}).location == "/staff/account"
    assert client.post(path, data={"credential": credential}).location == NEW
    assert "That took too long." in client.get(NEW).text
    assert len(stored_passkeys()) == 1


# --- Signing in with one ---


def test_a_passkey_signs_in_alone_as_both_factors(client, person, passkey):
    page = started(client)
    assert form_of(page.text)[1]["allowCredentials"] == [], "nothing tells who has an account"
    answer = show(client, passkey, page=page)
    assert (answer.status_code, answer.location) == (303, "/staff/")
    assert client.get("/staff/account/password").status_code == 200, "a recent second factor"
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (last.action, last.staff_id, last.details) == ("staff.sign_in", person.id, '{"how":"passkey"}')


def test_after_the_password_the_passkey_is_asked_for(client, person, passkey):
    answer = send(client, "/staff/sign-in", email=person.email, password=PASSWORD)
    assert answer.location == SIGN_IN
    assert not is_in(client)
    page = started(client)
    assert "/staff/sign-in/recovery" in page.text
    assert show(client, passkey, page=page).location == "/staff/"


def test_one_comes_back_to_the_page_one_wanted_and_to_none_elsewhere(app, passkey):
    for wanted, place in (("/staff/people", "/staff/people"), ("//evil.example/", "/staff/")):
        client = app.test_client()
        page = client.post(
            SIGN_IN,
            query_string={"next": wanted},
            data={"csrf_token": token_in(client.get(SIGN_IN))},
        )
        assert show(client, passkey, page=page).location == place


@pytest.mark.parametrize("wrong", WRONG_WHEN_SHOWN)
def test_a_passkey_that_is_not_right_signs_nobody_in(client, passkey, wrong):
    answer = show(client, passkey, **WRONG_WHEN_SHOWN[wrong])
    assert (answer.status_code, answer.location) == (303, SIGN_IN)
    assert "notice--warning" in client.get(SIGN_IN).text
    assert not is_in(client)


def test_an_answer_opens_only_the_browser_that_was_asked(app, client, passkey):
    """Else somebody could be signed in to the account of whoever made the answer."""
    action, credential = passkey.show(started(client).text)
    other = app.test_client()
    token = token_in(other.get(SIGN_IN))
    other.post(action, data={"csrf_token": token, "credential": credential})
    assert not is_in(other)


def test_an_answer_that_came_late_signs_nobody_in(client, passkey, frozen_clock):
    page = started(client)
    frozen_clock.move(seconds=61)
    show(client, passkey, page=page)
    assert not is_in(client)


def test_the_counter_of_a_device_only_goes_up(app, passkey):
    passkey.count = 5
    first, again = app.test_client(), app.test_client()
    assert show(first, passkey).location == "/staff/"
    show(again, passkey)
    assert not is_in(again), "a copy of the key would know the same number"
    passkey.count = 6
    show(again, passkey)
    assert is_in(again)


def test_an_answer_signs_in_once_though_its_browser_comes_again_as_it_was(app, client, passkey):
    page, again = started(client), app.test_client()
    again.set_cookie("staff", client.get_cookie("staff", path="/staff").value, path="/staff")
    assert show(client, passkey, page=page).location == "/staff/"
    assert show(again, passkey, page=page).location == SIGN_IN


def test_of_four_answers_at_once_one_signs_in(make_app, passkey):
    site, challenge, asked_at = "http://localhost", b"c" * 32, clock.now()
    options = html.escape(passkeys.authentication_options(site, challenge))
    _, credential = passkey.show(f'<form action="/x/answer" data-options="{options}">')
    check = partial(passkeys.check, site, credential, challenge, asked_at)
    outcomes = at_once(make_app(pool_size=4), *[check] * 4, expected=(passkeys.PasskeyRefused,))
    assert sum(not isinstance(outcome, passkeys.PasskeyRefused) for outcome in outcomes) == 1


def test_a_closed_account_has_no_passkey(client, person, passkey):
    staff("admin")
    moderation.close(COMMAND_LINE, person.id, "left")
    assert show(client, passkey).location == SIGN_IN
    assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "staff.sign_in")).all()


def test_a_removed_passkey_opens_nothing(client, person, passkey):
    moderation.invite_again(COMMAND_LINE, person.id)
    show(client, passkey)
    assert not is_in(client)


# --- Showing one again ---


def show_again(client, passkey, page=None, **wrong):
    """Answer the page that asks for the second factor again with a passkey."""
    page = page or client.post(VERIFY, data={"factor-passkey": "y"})
    action, credential = passkey.show(page.text, **wrong)
    sent = hidden_fields(page.text.rpartition("<form")[2])
    return client.post(action, csrf=False, data={**sent, "factor-credential": credential})


@pytest.fixture
def stale(app, person, passkey, frozen_clock):
    """The person's session, whose second factor was shown too long ago."""
    client = client_of(app, queries.member(id=person.id))
    frozen_clock.move(minutes=6)
    assert client.get("/staff/account/password").location.startswith("/staff/verify")
    return client


def test_the_person_s_own_passkeys_are_offered_and_one_of_them_is_enough(stale, passkey):
    page = stale.post(VERIFY, data={"factor-passkey": "y"})
    assert len(form_of(page.text)[1]["allowCredentials"]) == 1
    answer = show_again(stale, passkey, page)
    assert answer.location == "/staff/account"
    assert stale.get("/staff/account/password").status_code == 200


def test_a_passkey_that_is_not_right_proves_nothing(stale, passkey):
    answer = show_again(stale, passkey, challenge="AAAA")
    assert answer.status_code == 200
    assert "notice--warning" in answer.text
    assert stale.get("/staff/account/password").status_code == 303


def test_the_passkey_of_somebody_else_proves_nothing(app, stale):
    other = client_of(app, staff("admin", lang="en"))
    theirs = Passkey()
    path, credential = theirs.register(other.post(NEW, data={"name": "Theirs"}).text)
    other.post(path, data={"credential": credential})
    assert show_again(stale, theirs).status_code == 200
    assert stale.get("/staff/account/password").status_code == 303


def test_an_answer_proves_it_once(stale, passkey):
    action, credential = passkey.show(stale.post(VERIFY, data={"factor-passkey": "y"}).text)
    assert stale.post(action, data={"factor-credential": credential}).location == "/staff/account"
    assert stale.post(action, data={"factor-credential": credential}).status_code == 200


def test_a_new_passkey_that_waits_for_the_second_factor_is_added_when_an_older_one_was_shown(
    app, person, passkey, frozen_clock
):
    """Two challenges at once: each is answered by its own."""
    client, added = client_of(app, member_of_staff(person.id)), Passkey()
    path, credential = added.register(client.post(NEW, data={"name": "Another"}).text)
    frozen_clock.move(minutes=6)
    page = client.post(path, data={"credential": credential})
    assert page.status_code == 200
    page = client.post(path, data={"credential": credential, "factor-passkey": "y"})
    assert show_again(client, passkey, page).location == "/staff/account"
    assert [row.name for row in stored_passkeys()] == ["My key", "Another"]


@pytest.mark.sqlite_only
def test_in_production_the_relying_party_is_the_address_that_people_know(make_app):
    """Behind a proxy that speaks plain HTTP to the application."""
    app = make_app(**PRODUCTION)
    with app.test_request_context("/staff/sign-in", base_url="http://pledge.example:8000"):
        assert origin() == "https://pledge.example"
