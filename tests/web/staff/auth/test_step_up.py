"""The second factor asked for again: the page that asks carries the act, which is done after the code, and the next page says so.

The walk takes every view that asks for it, as the application's own table of routes has them.
"""

from functools import partial
from typing import Any

import pytest

from pledge.accounts import moderation, sessions
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.web.routes import Ask, routes_of
from pledge.web.staff.auth.access import SIGNED_IN_AT, asks, guard
from tests.support import factories
from tests.support.pages import hidden_fields
from tests.support.rows import number_of
from tests.support.staff import StaffClient, client_of, code, wrong_code
from tests.web.staff.auth.guarded_acts import (
    ACTS,
    Act,
    close_account,
    register_passkey,
    set_up_authenticator,
)

ASKED = "as soon as your second factor is accepted"
DONE = "what you had asked for has now been done"
PASSWORD = "three green herons waited"

#: What signs a person in: changing it asks for the password too.
SIGNS_IN = (
    "staff.authenticator",
    "staff.passkey_add",
    "staff.passkey_new",
    "staff.recovery_codes",
    "staff.remove_authenticator",
    "staff.remove_passkey",
)


@pytest.fixture
def admin(app, staff_client):
    return staff_client("admin", lang="en", password=PASSWORD)


def count(action: str) -> int:
    return number_of(AuditEntry, AuditEntry.action == action)


def last_form(page: str) -> dict[str, str]:
    return hidden_fields(page.rpartition("<form")[2])


def carried_fields(client: StaffClient, act: Act, clock: Any, **more: str) -> dict[str, str]:
    """Send the form when the second factor has grown old; what the form of the page that asks for it holds."""
    clock.move(minutes=6)
    answer = client.post(act.path, data={**act.fields, **more}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 200, answer.text
    assert ASKED in answer.text
    assert f'action="{act.path}"' in answer.text
    return last_form(answer.text)


def everything(client: StaffClient) -> dict[str, str]:
    """What that page may ask for: the code, and the password, which the forms of most acts do not have."""
    return {"factor-code": code(client.member), "factor-password": PASSWORD}


def press_download(client: StaffClient, act: Act, page: str) -> Any:
    """Send the form of the page that offers a file, as its button does."""
    assert "Your file is ready" in page
    return client.post(act.path, csrf=False, data=last_form(page), buffered=True)


@pytest.mark.sqlite_only
def test_the_walk_leaves_no_view_out(app):
    posted = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in rule.methods}
    with app.app_context():
        assert {endpoint for endpoint in posted if guard(endpoint)} == set(ACTS)
        assert {endpoint for endpoint in posted if guard(endpoint) == SIGNED_IN_AT} == set(SIGNS_IN)


#: No page repeats passwords, so this form is not carried.
CARRIED = [name for name in ACTS if name != "staff.password"]


@pytest.mark.parametrize("endpoint", CARRIED)
def test_the_act_is_done_after_the_code_and_the_page_says_so(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    fields = carried_fields(admin, act, frozen_clock)
    mistyped = {"factor-code": wrong_code(admin.member), "factor-password": PASSWORD}
    wrong = admin.post(act.path, data={**fields, **mistyped})
    assert wrong.status_code == 422, wrong.location
    assert act.fields.items() <= last_form(wrong.text).items()
    assert count(act.action) == before

    sent = {**fields, **everything(admin)}
    answer = admin.post(act.path, data=sent)
    if Ask.FILE in asks(endpoint):
        assert (answer.status_code, count(act.action)) == (200, before)
        answer = press_download(admin, act, answer.text)
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
    elif act.shown:
        assert act.shown in answer.text
    elif answer.status_code in (302, 303):
        assert DONE in admin.get(answer.location).text
    else:  # the codes for recovery: the page is what was asked for
        assert answer.status_code == 200
    assert count(act.action) == before + (1 if act.action else 0)
    admin.post(act.path, data=sent)  # with a code that was used
    assert count(act.action) == before + (1 if act.action else 0), "it was done again"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "endpoint",
    ["staff.person_close", "staff.campaign_pledge_publish", "staff.delivery_freeze", "staff.audit_export"],
)
def test_a_wrong_form_comes_back_after_the_code_with_what_was_typed(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    fields = carried_fields(admin, act, frozen_clock, **act.wrong)
    answer = admin.post(act.path, data={**fields, **everything(admin)})
    if Ask.FILE in asks(endpoint):
        answer = press_download(admin, act, answer.text)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert act.typed in answer.text
    assert count(act.action) == before


def test_passwords_are_never_put_back_into_a_page(app, admin, frozen_clock):
    act = ACTS["staff.password"](admin)
    frozen_clock.move(minutes=6)
    answer = admin.post(act.path, data=act.fields)
    assert answer.status_code == 303
    assert answer.location == "/staff/verify?next=/staff/account/password"
    page = admin.get(answer.location)
    assert "enter the passwords once more" in page.text
    assert act.fields["password"] not in page.text
    answer = admin.post(answer.location, data=everything(admin))
    assert answer.location == "/staff/account/password"
    assert count(act.action) == 0
    assert admin.post(act.path, data=act.fields).status_code == 303
    assert count(act.action) == 1


# --- What signs a person in ---


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", SIGNS_IN)
def test_what_signs_one_in_is_not_changed_by_a_code_alone(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    fields = carried_fields(admin, act, frozen_clock)
    wrong = admin.post(
        act.path, data={**fields, "factor-code": code(admin.member), "factor-password": "wrong"}
    )
    assert 'autocomplete="current-password"' in wrong.text
    assert (wrong.status_code, "not your current password" in wrong.text) == (422, True)
    shortened = admin.post(act.path, data={**fields, "factor-code": code(admin.member)})
    assert shortened.status_code == 200
    assert 'autocomplete="current-password"' in shortened.text
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
def test_a_form_without_its_token_or_from_another_site_is_refused_at_once(admin, frozen_clock):
    act = close_account(admin)
    frozen_clock.move(minutes=6)
    assert admin.post(act.path, data=act.fields, csrf=False).status_code == 400
    evil = admin.post(act.path, data=act.fields, headers={"Origin": "https://evil.example"})
    assert evil.status_code == 403


@pytest.mark.sqlite_only
def test_no_form_that_asks_for_it_takes_a_file(app):
    """No page can carry a file."""
    for endpoint in ACTS:
        body = routes_of(app)[endpoint].body
        assert body is None or body.max_bytes(app.extensions["pledge.config"]) <= 512 * 1024, endpoint


def test_whoever_lost_the_role_meanwhile_is_refused(app, admin, frozen_clock):
    act = close_account(admin)
    fields = carried_fields(admin, act, frozen_clock)
    factories.staff("admin")
    moderation.set_roles(COMMAND_LINE, admin.member.id, [Role.VIEWER])
    assert admin.post(act.path, data={**fields, **everything(admin)}).status_code == 403
    assert count("staff.close") == 0


# --- The session's id ---


def cookie(client: StaffClient) -> str:
    return client.get_cookie("staff", path="/staff").value


def open_with(app: Any, token: str) -> int:
    plain = app.test_client(use_cookies=False)
    return plain.get("/staff/account", headers={"Cookie": f"staff={token}"}).status_code


def test_the_session_gets_a_new_id_with_the_second_factor_and_the_old_one_is_dead(app, admin, frozen_clock):
    before = cookie(admin)
    frozen_clock.move(minutes=6)
    admin.post("/staff/verify", data={"factor-code": wrong_code(admin.member)})
    assert cookie(admin) == before
    admin.post("/staff/verify", data={"factor-code": code(admin.member)})
    assert cookie(admin) != before
    assert open_with(app, before) == 303
    assert open_with(app, cookie(admin)) == 200
    assert len(sessions.for_staff(admin.member.id)) == 1


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
