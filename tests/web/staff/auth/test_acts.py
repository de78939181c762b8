"""What each act of staff asks: the table of acts, against the routes and against what is refused."""

import pytest

from pledge.web.staff.acts import ACTS, Ask, asks
from pledge.web.staff.auth.access import AccessLevel, needed_permission
from tests.web.staff.auth import guarded_acts
from tests.web.staff.auth.guarded_acts import WHY


def forms(app):
    """The endpoints to which the pages of the area send forms, apart from the sign-in."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/staff/") and "POST" in rule.methods:
            with app.app_context():
                if needed_permission(rule.endpoint) not in (AccessLevel.PUBLIC, AccessLevel.BEFORE_MFA):
                    yield rule.endpoint


@pytest.mark.sqlite_only
def test_the_table_has_every_act_and_no_other(app):
    assert {endpoint.removeprefix("staff.") for endpoint in forms(app)} == set(ACTS)


@pytest.mark.sqlite_only
def test_what_is_removed_has_a_page_of_its_own(app):
    pages = {rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and Ask.CONFIRMATION in asks(rule.endpoint):
            assert rule.rule in pages, rule.endpoint


WITH_REASON = [name for name in guarded_acts.ACTS if Ask.REASON in asks(name)]


@pytest.mark.parametrize("endpoint", WITH_REASON)
def test_an_act_that_needs_a_reason_is_refused_without_one(app, staff_client, endpoint):
    admin = staff_client("admin", lang="en")
    act = guarded_acts.ACTS[endpoint](admin)
    fields = {name: "" if value == WHY else value for name, value in act.fields.items()}
    assert fields != act.fields
    assert admin.post(act.path, data=fields).status_code == 422
