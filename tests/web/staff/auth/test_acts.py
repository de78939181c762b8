"""What each act of staff asks, as its view declares it, against the templates and against what is refused."""

import re

import pytest

from config import ROOT
from pledge.web.routes import AccessLevel, Ask
from pledge.web.staff.auth.access import asks, needed_permission
from tests.web.staff.auth import guarded_acts
from tests.web.staff.auth.guarded_acts import WHY


@pytest.fixture
def acts(app):
    """What is asked, by the endpoint to which the pages of the area send forms."""
    with app.app_context():
        return {
            rule.endpoint: asks(rule.endpoint)
            for rule in app.url_map.iter_rules()
            if rule.rule.startswith("/staff/") and "POST" in rule.methods
        }


@pytest.mark.sqlite_only
def test_every_act_declares_what_it_asks(acts):
    assert [endpoint for endpoint, asked in acts.items() if asked is None] == []


@pytest.mark.sqlite_only
def test_what_is_removed_has_a_page_of_its_own(app, acts):
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    confirmed = {endpoint for endpoint, asked in acts.items() if Ask.CONFIRMATION in asked}
    assert {endpoint.removesuffix("_post") for endpoint in confirmed} <= pages


#: Of those that ask for a recent second factor.
WITH_REASON = (
    "staff.audit_export",
    "staff.campaign_state_post",
    "staff.delivery_discard",
    "staff.invalidation_undo",
    "staff.paper_withdraw",
    "staff.person_close",
    "staff.signature_clear",
    "staff.signature_plan_erasure",
    "staff.signature_release",
    "staff.signature_stop_news",
    "staff.signature_withdraw",
    "staff.switch",
    "staff.watch_list",
)


@pytest.mark.sqlite_only
def test_no_act_with_a_reason_is_left_out(acts):
    asking = {endpoint for endpoint in guarded_acts.ACTS if Ask.REASON in acts[endpoint]}
    assert asking == set(WITH_REASON)


@pytest.mark.parametrize("endpoint", WITH_REASON)
def test_an_act_that_needs_a_reason_is_refused_without_one(app, admin, endpoint):
    act = guarded_acts.ACTS[endpoint](admin)
    fields = {name: "" if value == WHY else value for name, value in act.fields.items()}
    assert fields != act.fields
    assert admin.post(act.path, data=fields).status_code == 422


TEMPLATES = ROOT / "pledge" / "templates"
#: Something to fill in, or a script or a table that a form belongs to.
FIELDS = re.compile(
    r'(?<!csrf)_field\(|\b(line|lines|area|areas|upload|choice|caller|ticks)\(|<select|<textarea|<input (?!type="hidden")| id="|module\('
)


def forms_in_templates(acts):
    """Template, act and text of every form that a template writes out for an act, apart from the sign-in."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        for form in re.findall(r'<form\b[^>]*method="post".*?</form>', path.read_text("utf-8"), re.DOTALL):
            for name in re.findall(r'"(staff\.\w+)"', form)[:1]:
                act = name if name in acts else f"{name}_post"
                if act in acts and needed_permission(act) not in (AccessLevel.PUBLIC, AccessLevel.BEFORE_MFA):
                    yield path.name, act, form


#: Opening their page has asked for the second factor.
ASKED_BEFORE = {"staff.password"}


def test_no_template_decides_by_itself_what_an_act_asks(app, acts):
    """components/staff/act.html draws it from the declarations: only forms with fields of their own are written out."""
    with app.app_context():
        forms = list(forms_in_templates(acts))
    assert len(forms) > 20
    for name, act, form in forms:
        assert FIELDS.search(form), f"{name}: use the macro `act` for {act}"
        if Ask.FACTOR in acts[act] and act not in ASKED_BEFORE:
            assert "act_submit(" in form, f"{name}: {act} does not say that it asks for the second factor"
        if Ask.REASON in acts[act]:
            assert re.search("reason|why", form), f"{name}: {act} does not ask for a reason"
