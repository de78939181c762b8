"""The second factor asked for again: the act waits, is carried out once after the code, and the page says so.

The walk takes every view that asks for it, as the application's own table of routes has them.
"""

import html
import io
import re
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from config import current_config
from pledge.accounts import moderation, passwords, saved_requests, sessions
from pledge.accounts.models import StaffSavedRequest
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.core.concurrency import ConcurrencyLimit
from pledge.core.db import db
from pledge.web.staff.auth.access import SIGNED_IN_AT, guard, hands_out_file
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.staff import StaffClient, client_of, code, csrf_token
from tests.web.staff.auth.guarded_acts import (
    ACTS,
    WHY,
    Act,
    close_account,
    register_passkey,
    set_up_authenticator,
)

KEPT = "What you asked for is kept for ten minutes."
DONE = "what you had asked for has now been done"
TOO_LATE = "It was not done now"
PASSWORD = "three green herons waited"

#: What signs a person in: changing it asks for the password too.
SIGNS_IN = (
    "staff.authenticator_post",
    "staff.passkey_add",
    "staff.passkey_new",
    "staff.recovery_codes_post",
    "staff.remove_authenticator",
    "staff.remove_passkey",
)


@pytest.fixture
def admin(app, staff_client):
    return staff_client("admin", lang="en", password=PASSWORD)


def count(action: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(AuditEntry.action == action))


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(StaffSavedRequest))


def asked(client: StaffClient, act: Act, clock: Any, **more: str) -> str:
    """Send the form when the second factor has grown old; the address of the page that asks for it."""
    clock.move(minutes=6)
    answer = client.post(act.path, data={**act.fields, **more}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith("/staff/verify?")
    return answer.location


def everything(client: StaffClient) -> dict[str, str]:
    """What that page may ask for: the code, and the password, which the forms of most acts do not have."""
    return {"code": code(client.member), "password": PASSWORD}


def press_download(client: StaffClient, address: str) -> Any:
    """Send the form of the page that offers a file, as its button does."""
    page = client.get(address).text
    assert "Your file is ready" in page
    form = page.partition("Your file is ready")[2]
    fields = {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    }
    action = html.unescape(re.search(r'action="([^"]+)"', form)[1])
    return client.post(action, csrf=False, data=fields, buffered=True)


@pytest.mark.sqlite_only
def test_the_walk_leaves_no_view_out(app):
    found = {
        rule.endpoint for rule in app.url_map.iter_rules() if "POST" in rule.methods and guard(rule.endpoint)
    }
    assert found == set(ACTS)
    assert {endpoint for endpoint in found if guard(endpoint) == SIGNED_IN_AT} == set(SIGNS_IN)


@pytest.mark.parametrize("endpoint", ACTS)
def test_the_act_is_carried_out_once_after_the_code_and_the_page_says_so(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    address = asked(admin, act, frozen_clock)
    assert KEPT in admin.get(address).text
    assert admin.post(address, data={"code": "000000", "password": PASSWORD}).status_code == 422
    assert count(act.action) == before

    answer = admin.post(address, data=everything(admin))
    if hands_out_file(endpoint):
        assert (answer.status_code, count(act.action)) == (303, before)
        answer = press_download(admin, answer.location)
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
    elif act.shown:
        assert act.shown in answer.text
    elif answer.status_code in (302, 303):
        assert DONE in admin.get(answer.location).text
    else:  # the codes for recovery: the page is what was asked for
        assert answer.status_code == 200
    assert count(act.action) == before + (1 if act.action else 0)
    assert hands_out_file(endpoint) or kept() == 0

    frozen_clock.move(seconds=31)
    admin.member = factories.member_of_staff(admin.member.id)
    again = admin.post(address, data=everything(admin) if admin.member.totp_secret else {})
    assert again.status_code == 303
    assert count(act.action) == before + (1 if act.action else 0), "it was carried out again"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "endpoint",
    [name for name in ACTS if name not in ("staff.passkey_new", "staff.passkey_add")],
)
def test_a_wrong_form_comes_back_after_the_code_with_what_was_typed(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    if not act.wrong:
        pytest.skip("a button alone")
    before = count(act.action)
    address = asked(admin, act, frozen_clock, **act.wrong)
    answer = admin.post(address, data=everything(admin))
    if hands_out_file(endpoint):
        answer = press_download(admin, answer.location)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert act.typed in answer.text
    assert count(act.action) == before


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", ACTS)
def test_nobody_else_carries_it_out_and_no_other_session_does(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    other = client_of(app, factories.staff("admin", lang="en", password=PASSWORD))
    elsewhere = client_of(app, admin.member)
    address = asked(admin, act, frozen_clock)
    for client in (other, elsewhere):
        page = client.get(address)
        assert KEPT not in page.text
        answer = client.post(address, data=everything(client))
        assert answer.status_code == 303
        assert TOO_LATE in client.get(answer.location).text
        assert client.get(address.replace("/verify?", "/verify/file?")).status_code == 303
        assert count(act.action) == before
        frozen_clock.move(seconds=31)
    admin.post(address, data=everything(admin))
    assert kept() == (1 if hands_out_file(endpoint) else 0), "its sender still can"


# --- What signs a person in ---


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", SIGNS_IN)
def test_what_signs_one_in_is_not_changed_by_a_code_alone(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    address = asked(admin, act, frozen_clock)
    assert 'autocomplete="current-password"' in admin.get(address).text
    wrong = admin.post(address, data={"code": code(admin.member), "password": "wrong"})
    assert (wrong.status_code, "not your current password" in wrong.text) == (422, True)
    shortened = admin.post(address.replace("sign_in=y", ""), data=everything(admin))
    assert "sign_in=y" in shortened.location
    assert DONE not in admin.get(shortened.location).text
    assert count(act.action) == before


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "prepare", [partial(set_up_authenticator, minutes=0), register_passkey], ids=["app", "passkey"]
)
def test_adding_a_factor_does_not_make_the_sign_in_a_recent_one(admin, frozen_clock, prepare):
    """Else whoever takes over a session within the five minutes could add one factor after the other."""
    frozen_clock.move(minutes=4)
    act = prepare(admin)
    assert admin.post(act.path, data=act.fields).status_code == 303
    assert count(act.action) == 1
    frozen_clock.move(minutes=2)
    assert "sign_in=y" in admin.get("/staff/account/recovery-codes").location


@pytest.mark.sqlite_only
def test_guessing_the_password_before_the_code_is_slowed_down(admin):
    address, wrong = "/staff/verify?sign_in=y", {"code": code(admin.member), "password": "wrong"}
    statuses = [admin.post(address, data=wrong).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


@pytest.mark.sqlite_only
def test_a_password_that_was_refused_as_busy_is_no_try(admin, monkeypatch):
    address = "/staff/verify?sign_in=y"
    monkeypatch.setattr(passwords, "_limit", ConcurrencyLimit(running=0, waiting=0))
    assert [admin.post(address, data=everything(admin)).status_code for _ in range(7)] == [503] * 7
    monkeypatch.setattr(passwords, "_limit", ConcurrencyLimit(running=1, waiting=1))
    assert admin.post(address, data=everything(admin)).status_code == 303


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", ACTS)
def test_a_form_without_its_token_or_from_another_site_is_not_even_kept(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    frozen_clock.move(minutes=6)
    assert admin.post(act.path, data=act.fields, csrf=False).status_code == 400
    assert (
        admin.post(act.path, data=act.fields, headers={"Origin": "https://evil.example"}).status_code == 403
    )
    assert kept() == 0


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", [name for name in ACTS if name.startswith("staff.")])
def test_no_form_that_asks_for_it_takes_a_file(app, endpoint):
    """A file cannot be kept: see the test below for what happens to one all the same."""
    allowed = getattr(app.view_functions[endpoint], "pledge_allowed", None)
    if allowed:
        with app.app_context():
            assert allowed[0](current_config()) <= 512 * 1024


def test_a_file_is_not_kept_and_its_form_comes_back(app, admin, frozen_clock):
    act = close_account(admin)
    frozen_clock.move(minutes=6)
    fields = {"csrf_token": csrf_token(app), **act.fields, "logo": (io.BytesIO(b"x"), "logo.png")}
    address = admin.post(act.path, data=fields, content_type="multipart/form-data").location
    answer = admin.post(address, data={"code": code(admin.member)})
    assert answer.location.startswith(act.path.removesuffix("/close") + "?restore=")
    page = admin.get(answer.location)
    assert "Please choose the file once more" in page.text
    assert f'value="{WHY}"' in page.text
    assert count("staff.close") == 0


def test_what_waited_too_long_is_not_done(app, admin, frozen_clock):
    act = close_account(admin)
    address = asked(admin, act, frozen_clock)
    frozen_clock.move(minutes=11)
    answer = admin.post(address, data={"code": code(admin.member)})
    assert TOO_LATE in admin.get(answer.location).text
    assert count("staff.close") == 0


def test_whoever_lost_the_role_meanwhile_is_refused(app, admin, frozen_clock):
    act = close_account(admin)
    address = asked(admin, act, frozen_clock)
    factories.staff("admin")
    moderation.set_roles(COMMAND_LINE, admin.member.id, [Role.VIEWER])
    assert admin.post(address, data={"code": code(admin.member)}).status_code == 403
    assert count("staff.close") == 0


def test_an_act_confirmed_eight_times_at_once_is_carried_out_once(make_app, admin, frozen_clock):
    act = close_account(admin)
    token = asked(admin, act, frozen_clock).partition("saved=")[2]
    (row,) = sessions.of(admin.member.id)
    take = partial(saved_requests.take, token, admin.member.id, row.id)
    found = at_once(make_app(pool_size=8), *[take] * 8)
    assert [saved.path for saved in found if saved is not None] == [act.path]


def test_the_database_holds_no_readable_word_of_a_saved_request(app, admin, frozen_clock):
    act = close_account(admin)
    address = asked(admin, act, frozen_clock)
    row = db.session.scalars(select(StaffSavedRequest)).one()
    assert WHY.encode() not in bytes(row.request)
    assert address.partition("saved=")[2].encode() not in bytes(row.token_hash)


def test_only_the_newest_ten_saved_requests_of_a_person_are_kept(app, admin, frozen_clock):
    act = close_account(admin)
    for _ in range(12):
        asked(admin, act, frozen_clock)
        frozen_clock.move(minutes=-6)
    assert kept() == 10


# --- The session's id ---


def cookie(client: StaffClient) -> str:
    return client.get_cookie("staff", path="/staff").value


def open_with(app: Any, token: str) -> int:
    plain = app.test_client(use_cookies=False)
    return plain.get("/staff/account", headers={"Cookie": f"staff={token}"}).status_code


def test_the_session_gets_a_new_id_with_the_second_factor_and_the_old_one_is_dead(app, admin, frozen_clock):
    before = cookie(admin)
    frozen_clock.move(minutes=6)
    admin.post("/staff/verify", data={"code": "000000"})
    assert cookie(admin) == before
    admin.post("/staff/verify", data={"code": code(admin.member)})
    assert cookie(admin) != before
    assert open_with(app, before) == 303
    assert open_with(app, cookie(admin)) == 200
    assert len(sessions.of(admin.member.id)) == 1


def test_the_session_gets_a_new_id_when_an_act_is_carried_out(app, admin, frozen_clock):
    before = cookie(admin)
    address = asked(admin, close_account(admin), frozen_clock)
    admin.post(address, data={"code": code(admin.member)})
    assert count("staff.close") == 1
    assert open_with(app, before) == 303
    assert open_with(app, cookie(admin)) == 200


@pytest.mark.parametrize("factor", ["app", "passkey"])
def test_the_session_gets_a_new_id_when_a_second_factor_is_set_up(app, frozen_clock, factor):
    member = factories.staff("viewer", totp_secret=None, recovery_codes=None)
    person = client_of(app, member, enrolled=False)
    before = cookie(person)
    frozen_clock.move(minutes=-6)  # the code is made for six minutes later
    act = set_up_authenticator(person) if factor == "app" else register_passkey(person)
    frozen_clock.move(minutes=6)
    assert person.post(act.path, data=act.fields).status_code in (302, 303)
    assert factories.member_of_staff(member.id).has_second_factor
    assert cookie(person) != before
    assert open_with(app, before) == 303
