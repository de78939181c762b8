"""What each act of staff asks: the table of acts, against the routes and against what is refused."""

import re

import pytest

from config import ROOT
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


TEMPLATES = ROOT / "pledge" / "templates"
#: Something to fill in, or a script or a table that a form belongs to.
FIELDS = re.compile(
    r'(?<!csrf)_field\(|\b(line|lines|area|areas|upload|choice|caller|ticks)\(|<select|<textarea|<input (?!type="hidden")| id="|module\('
)


def forms_in_templates():
    """Template, act and text of every form that a template writes out for an act."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        for form in re.findall(r'<form\b[^>]*method="post".*?</form>', path.read_text("utf-8"), re.DOTALL):
            for name in re.findall(r'"staff\.(\w+)"', form)[:1]:
                act = name if name in ACTS else f"{name}_post"
                if act in ACTS:
                    yield path.name, act, form


#: Opening their page has asked for the second factor.
ASKED_BEFORE = {"password"}


def test_no_template_decides_by_itself_what_an_act_asks():
    """components/staff/act.html draws it from the table: only forms with fields of their own are written out."""
    found = list(forms_in_templates())
    assert len(found) > 20
    for name, act, form in found:
        assert FIELDS.search(form), f"{name}: use the macro `act` for {act}"
        if Ask.FACTOR in asks(act) and act not in ASKED_BEFORE:
            assert "act_submit(" in form, f"{name}: {act} does not say that it asks for the second factor"
        if Ask.REASON in asks(act):
            assert re.search("reason|why", form), f"{name}: {act} does not ask for a reason"
