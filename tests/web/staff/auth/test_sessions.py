"""Sessions: they end by themselves, when somebody ends them, and at once when the account is closed."""

import pytest
from sqlalchemy import select

from pledge.accounts import moderation, sessions
from pledge.accounts.models import StaffMember, StaffSession
from pledge.audit.models import COMMAND_LINE
from pledge.core.db import db, transaction
from tests.support import staff as signed_in
from tests.support.factories import member_of_staff, staff
from tests.support.staff import client_of, code, send, token_in
from tests.web.staff.auth.guarded_acts import PRODUCTION

NEW_PASSWORD = {"present": "three green herons waited"} | dict.fromkeys(
    ("password", "again"), "four blue cranes flew"
)


def is_in(client):
    return client.get("/staff/account").status_code == 200


def test_a_session_ends_after_half_an_hour_without_use(staff_client, clock):
    person = staff_client("viewer")
    clock.move(minutes=29)
    assert is_in(person)
    clock.move(minutes=29)
    assert is_in(person), "every page counts as use"
    clock.move(minutes=31)
    assert not is_in(person)


@pytest.mark.parametrize("path", ["/staff/account", "/staff/sign-in", "/staff/no-such-page"])
def test_a_browser_whose_session_ran_out_is_told_once_to_clear_what_it_keeps(staff_client, clock, path):
    person = staff_client("viewer")
    assert "Clear-Site-Data" not in person.get(path).headers
    clock.move(minutes=31)
    assert person.get(path).headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in person.get(path).headers


def test_a_session_ends_eight_hours_after_the_sign_in_whatever_happens(staff_client, clock):
    person = staff_client("viewer")
    for _ in range(19):
        clock.move(minutes=25)
        assert is_in(person)
    clock.move(minutes=6)
    assert not is_in(person)


def test_reading_pages_writes_at_most_once_a_minute(staff_client, statements):
    person = staff_client("viewer")
    with statements() as seen:
        person.get("/staff/account")
    assert not [
        statement
        for statement in seen
        if statement.lstrip().upper().startswith(("UPDATE", "INSERT", "DELETE"))
    ]


def test_a_closed_account_is_out_with_the_next_request(staff_client):
    person = staff_client("editor")
    assert is_in(person)
    moderation.close(COMMAND_LINE, person.member.id, "left")
    assert not is_in(person)


def test_a_session_of_a_closed_account_opens_nothing_though_its_row_were_left(app, staff_client):
    person = staff_client("editor")
    token = person.get_cookie("staff", path="/staff").value
    with transaction() as session:
        row = session.get_one(StaffMember, person.member.id)
        row.active, row.closed_at = False, row.created_at
    assert sessions.find(token) is None


def test_a_session_that_began_with_what_was_changed_meanwhile_opens_nothing(app):
    """Somebody signed in with the old password while its owner changed it: the row comes after the others were ended."""
    person = staff("editor")
    moderation.end_sessions(COMMAND_LINE, person.id)
    late = client_of(app, person)
    assert len(sessions.for_staff(person.id)) == 1
    assert not is_in(late)
    assert is_in(client_of(app, member_of_staff(person.id)))


def test_an_admin_cuts_one_session_of_somebody_or_all(app, staff_client):
    admin, person = staff_client("admin"), staff_client("editor")
    address = f"/staff/people/{person.member.id}/end-sessions"
    (row,) = sessions.for_staff(person.member.id)
    others = [client_of(app, person.member) for _ in range(2)]
    assert admin.post(address, data={"session": str(row.id)}).status_code == 303
    assert [is_in(client) for client in (person, *others)] == [False, True, True]
    for odd in ("x", "9" * 10, "9" * 5_000):
        assert admin.post(address, data={"session": odd}).status_code == 422
    assert admin.post(address).status_code == 303
    assert [is_in(client) for client in others] == [False, False]
    assert is_in(admin)


def test_one_ends_one_s_other_sessions_and_sees_them(app, staff_client):
    here = staff_client("editor")
    there = client_of(app, here.member)
    page = here.get("/staff/account").text
    assert page.count('name="session"') == 3
    here.post("/staff/account/sessions", data={"session": "others"})
    assert is_in(here)
    assert not is_in(there)


def test_nobody_ends_the_session_of_somebody_else(staff_client):
    mine, theirs = staff_client("editor"), staff_client("editor")
    (row,) = sessions.for_staff(theirs.member.id)
    mine.post("/staff/account/sessions", data={"session": str(row.id)})
    assert is_in(theirs)
    for odd in ("", "x", "-1", "9" * 40, "9" * 5_000, "\u0661"):
        assert mine.post("/staff/account/sessions", data={"session": odd}).status_code == 303


def test_ending_the_session_one_is_in_is_signing_out(staff_client):
    mine = staff_client("editor")
    (row,) = sessions.for_staff(mine.member.id)
    answer = mine.post("/staff/account/sessions", data={"session": str(row.id)})
    assert answer.location == "/staff/sign-in"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(mine)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(app, staff_client):
    here = staff_client("editor", password="three green herons waited")
    there = client_of(app, here.member)
    answer = here.post(
        "/staff/account/password",
        data=NEW_PASSWORD,
    )
    assert answer.location == "/staff/account"
    assert is_in(here)
    assert not is_in(there)
    assert len(sessions.for_staff(here.member.id)) == 1, "the row is gone, not only useless"


def test_what_is_half_signed_in_ends_with_a_new_password(app, staff_client, client):
    here = staff_client("editor", password="three green herons waited")
    send(client, "/staff/sign-in", email=here.member.email, password="three green herons waited")
    here.post(
        "/staff/account/password",
        data=NEW_PASSWORD,
    )
    assert client.get("/staff/sign-in/code").location == "/staff/sign-in"


def test_the_database_holds_no_id_that_opens_a_session(app, staff_client):
    person = staff_client("editor")
    token = person.get_cookie("staff", path="/staff").value
    row = db.session.scalars(select(StaffSession)).one()
    assert token.encode() not in bytes(row.token_hash)
    raw = db.session.connection().exec_driver_sql("SELECT data FROM staff_sessions").scalar_one()
    assert b"second_factor" not in bytes(raw), "what it holds is sealed"


@pytest.mark.parametrize("made_up", ["x", "a.b.c", "." * 50, "x" * 64, "x" * 5000, "é", "%00"])
def test_a_made_up_cookie_opens_nothing_and_breaks_nothing(client, made_up):
    plain = client.application.test_client(use_cookies=False)
    assert plain.get("/staff/account", headers={"Cookie": f"staff={made_up}"}).status_code == 303


@pytest.mark.sqlite_only
def test_the_cookies_of_production_cannot_be_set_by_a_neighbour(make_app):
    app = make_app(**PRODUCTION)
    with app.app_context():
        person = staff(password="three green herons waited", totp_secret=None)
    client, base = app.test_client(), "https://pledge.example"
    page = client.get("/staff/sign-in", base_url=base)
    fields = {"csrf_token": token_in(page), "email": person.email, "password": "three green herons waited"}
    answer = client.post("/staff/sign-in", base_url=base, data=fields)
    for cookies, names in (
        (page.headers.getlist("Set-Cookie"), {"__Host-staff": "/"}),
        (answer.headers.getlist("Set-Cookie"), {"__Host-staff": "/", "__Secure-staff_browser": "/staff"}),
    ):
        parts = [cookie.split("; ") for cookie in cookies]
        assert {pair.partition("=")[0] for pair, *_ in parts} == set(names)
        for pair, *attributes in parts:
            path = names[pair.partition("=")[0]]
            assert {"Secure", "HttpOnly", f"Path={path}", "SameSite=Lax"} <= set(attributes)
            assert not [attribute for attribute in attributes if attribute.startswith("Domain")]
    client.set_cookie("__Secure-staff_browser", "x", path="/staff", domain="pledge.example", secure=True)
    client.delete_cookie("__Host-staff", domain="pledge.example")
    gone = client.get("/staff/sign-in", base_url=base).headers.getlist("Set-Cookie")
    assert [cookie for cookie in gone if cookie.startswith("__Secure-staff_browser=;") and "Secure" in cookie]


def test_a_page_of_the_staff_area_is_kept_by_nobody(staff_client):
    answer = staff_client("admin").get("/staff/account")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


# --- Fresh ---


def test_a_session_from_before_the_setting_up_gains_nothing_by_it(app):
    """Somebody who knew the password sat waiting in a second browser."""
    member = staff("admin")
    thief = signed_in.client_of(app, member, enrolled=False)
    for page in (
        "/staff/people",
        "/staff/enrol",
        "/staff/account/authenticator",
        "/staff/account/passkeys/new",
    ):
        assert thief.get(page).location == "/staff/verify", page
    assert thief.post("/staff/account/recovery-codes").location == "/staff/verify"
    thief.post("/staff/verify", data={"factor-code": code(member)})
    assert is_in(thief)
