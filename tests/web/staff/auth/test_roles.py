"""Who may open what: all routes of the staff area × all roles × nobody, against what each view declares.

And every POST of the area is refused without its token (400), whoever sends it; from a foreign page (403): test_request_checks.py.
"""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from pledge.accounts.roles import GRANTS, Permission, Role
from pledge.web.routes import AccessLevel, routes_of
from pledge.web.staff.auth.access import needed_permission
from tests.support import staff as signed_in
from tests.support.factories import staff
from tests.support.routes import unknown

ROLES = [*Role, None]

#: Open to whoever has the address. A new one must be added here, on purpose.
WAYS_IN = {
    "staff.code",
    "staff.invitation",
    "staff.language",
    "staff.passkey_sign_in",
    "staff.passkey_sign_in_answer",
    "staff.sign_in",
}


def routes(app):
    """Endpoint, address and methods of all routes of the area."""
    for rule in app.url_map.iter_rules():
        if rule.rule == "/staff" or rule.rule.startswith("/staff/"):
            parts = {name: unknown(rule, name) for name in rule.arguments}
            address = app.url_map.bind("localhost").build(rule.endpoint, parts, method=None)
            yield rule.endpoint, address, sorted(rule.methods & {"GET", "POST"})


def needs(app, endpoint):
    with app.app_context():
        return needed_permission(endpoint)


def refused(answer):
    return answer.status_code == 403


@pytest.mark.sqlite_only
def test_every_view_declares_what_it_needs(app):
    assert [endpoint for endpoint, _, _ in routes(app) if routes_of(app)[endpoint].needs is None] == []


@pytest.mark.sqlite_only
def test_nothing_is_open_to_anybody_but_the_ways_in(app):
    assert {e for e, _, _ in routes(app) if needs(app, e) is AccessLevel.PUBLIC} == WAYS_IN


@pytest.mark.sqlite_only
def test_a_view_of_the_area_stands_in_its_blueprint(app):
    """Outside it nothing would ask who it is."""
    assert {endpoint.partition(".")[0] for endpoint, _, _ in routes(app)} == {"staff"}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_a_role_opens_what_it_grants_and_nothing_else(app, role):
    person = signed_in.client(app, role)
    granted = GRANTS[role] if role else frozenset()
    wrong = []
    for endpoint, address, methods in routes(app):
        need = needs(app, endpoint)
        if not isinstance(need, Permission):
            continue
        for method in methods:
            answer = person.get(address) if method == "GET" else person.post(address)
            is_allowed = need in granted or (method == "GET" and Permission.READ_ALL in granted)
            if refused(answer) == is_allowed or answer.status_code >= 500:
                wrong.append(f"{method} {address}: {answer.status_code}, needs {need}")
    assert wrong == []


def test_who_is_refused_is_in_the_log_with_the_view(app):
    person = signed_in.client(app, Role.VIEWER)
    with capture_logs() as lines:
        person.get("/staff/people")
    (line,) = [line for line in lines if line["event"] == "access refused"]
    assert (line["endpoint"], line["member"] is None) == ("staff.people", False)


def test_somebody_who_has_not_signed_in_opens_no_staff_page(app, client):
    wrong = []
    other = signed_in.StaffClient(app, app.response_class)
    for endpoint, address, methods in routes(app):
        if needs(app, endpoint) is AccessLevel.PUBLIC:
            continue
        for method in methods:
            if method == "GET":
                answer = client.get(address)
            else:
                page = other.get("/staff/sign-in")
                answer = other.post(address, csrf=False, data={"csrf_token": signed_in.token_in(page)})
            if answer.status_code != 303 or not answer.location.startswith("/staff/sign-in"):
                wrong.append(f"{method} {address}: {answer.status_code}")
    assert wrong == []


def test_a_password_alone_opens_only_the_setting_up(app):
    member = staff("admin", totp_secret=None, recovery_codes=None)
    person = signed_in.client_of(app, member, enrolled=False)
    wrong = []
    for endpoint, address, methods in routes(app):
        if needs(app, endpoint) in (AccessLevel.PUBLIC, AccessLevel.ENROLLING, AccessLevel.BEFORE_MFA):
            continue
        for method in methods:
            answer = person.get(address) if method == "GET" else person.post(address)
            if (answer.status_code, answer.location) != (303, "/staff/enrol"):
                wrong.append(f"{method} {address}: {answer.status_code}")
    assert wrong == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize("signed", [True, False], ids=["admin", "nobody"])
def test_a_form_without_its_token_is_refused(app, signed):
    person = signed_in.client(app) if signed else signed_in.StaffClient(app, app.response_class)
    wrong = []
    for _, address, methods in routes(app):
        if "POST" not in methods:
            continue
        for fields in ({}, {"csrf_token": ""}, {"csrf_token": "made.up.token"}):
            answer = person.post(address, csrf=False, data=fields)
            if answer.status_code != 400:
                wrong.append(f"{address} {fields}: {answer.status_code}")
    assert wrong == []


def test_the_token_of_somebody_else_is_refused(app):
    mine, theirs = signed_in.client(app), signed_in.client_of(app, staff(), csrf_token="another")
    assert mine.post("/staff/language", data={"lang": "en"}).status_code == 303
    assert theirs.post("/staff/language", data={"lang": "en"}).status_code == 400


@pytest.mark.sqlite_only
def test_a_view_that_declares_nothing_is_refused(app, staff_client, monkeypatch):
    admin = staff_client("admin")
    monkeypatch.setitem(routes_of(app), "staff.account", replace(routes_of(app)["staff.account"], needs=None))
    assert admin.get("/staff/account").status_code == 403
    anonymous = signed_in.StaffClient(app, app.response_class)
    assert anonymous.get("/staff/account").status_code == 403


@pytest.mark.sqlite_only
def test_an_act_that_does_not_say_what_it_asks_is_refused(app, staff_client, monkeypatch):
    admin = staff_client("admin")
    silent = replace(routes_of(app)["staff.choose_name"], asks=None)
    monkeypatch.setitem(routes_of(app), "staff.choose_name", silent)
    assert admin.post("/staff/account/name", data={"name": "Sky"}).status_code == 403


def test_roles_that_were_changed_hold_with_the_next_request(staff_client):
    from pledge.accounts import moderation
    from pledge.audit.models import COMMAND_LINE

    person = staff_client("admin")
    staff("admin")
    assert person.get("/staff/people").status_code == 200
    moderation.set_roles(COMMAND_LINE, person.member.id, [Role.VIEWER])
    assert person.get("/staff/people").status_code == 403
