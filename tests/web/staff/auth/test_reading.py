"""An auditor reads every page of the staff area and changes nothing: no form is drawn, and each is refused."""

import re

import pytest

from pledge.accounts.roles import Permission
from pledge.web.routes import routes_of
from tests.support import staff
from tests.support.factories import endorsement, signature, the_campaign
from tests.support.routes import unknown
from tests.support.world import built, world

#: One's own account and language, and the way out.
OWN = re.compile(r"/staff/(account|language|sign-out)")
#: A file of what the pages of the log say: it changes nothing, and is itself recorded.
LOG_FILE = "/staff/audit/export"
POSTING = re.compile(r'<form\b[^>]*method="post"[^>]*>')
ACTING = re.compile(r'formaction="([^"]+)"')


def staff_rules(app, method):
    for rule in app.url_map.iter_rules():
        route = routes_of(app).get(rule.endpoint)
        if route and isinstance(route.needs, Permission) and method in rule.methods:
            yield rule


def forms_of(page):
    """Where the forms of a page would be sent."""
    actions = [re.search(r'action="([^"]*)"', form) for form in POSTING.findall(page)]
    return [*(action[1] if action else "itself" for action in actions), *ACTING.findall(page)]


@pytest.mark.sqlite_only
def test_an_auditor_reads_every_page_and_none_has_a_form(app):
    admin, auditor = staff.client(app), staff.client(app, "auditor")
    known, wrong = world(admin), []
    for rule in staff_rules(app, "GET"):
        for parts in known.parts(rule):
            address = built(rule, parts)
            answer = auditor.get(address)
            forms = [to for to in forms_of(answer.text) if not OWN.match(to) and to != LOG_FILE]
            expected = 303 if address == "/staff/" else admin.get(address).status_code
            if answer.status_code != expected or forms:
                wrong.append(f"{address}: {answer.status_code} {forms}")
    assert wrong == []


@pytest.mark.sqlite_only
def test_every_act_of_an_auditor_is_refused(app):
    auditor = staff.client(app, "auditor")
    addresses = {
        built(rule, {name: unknown(rule, name) for name in rule.arguments})
        for rule in staff_rules(app, "POST")
        if rule.rule != LOG_FILE
    }
    answers = {address: auditor.post(address).status_code for address in addresses}
    assert {address: status for address, status in answers.items() if status != 403} == {}


def test_what_an_auditor_reads_is_what_the_others_see(app):
    of, case, person = the_campaign(), endorsement(state="review"), signature(state="held", name="박하늘")
    auditor = staff.client(app, "auditor", lang="en")
    page = auditor.get(f"/staff/campaigns/{of.slug}").text
    assert of.title["en"] in page
    assert "Settings</a>" in page
    assert "<fieldset" in page
    assert auditor.get(f"/staff/organizations/{case.id}").status_code == 200
    assert "박하늘" not in auditor.get(f"/staff/signatures/{person.id}").text


def test_an_auditor_who_is_an_editor_too_edits(app):
    from pledge.accounts import moderation
    from pledge.accounts.roles import Role
    from pledge.audit.models import COMMAND_LINE

    of, person = the_campaign(), staff.client(app, "auditor")
    moderation.set_roles(COMMAND_LINE, person.member.id, [Role.AUDITOR, Role.EDITOR])
    assert f"/staff/campaigns/{of.slug}/page/texts" in forms_of(
        person.get(f"/staff/campaigns/{of.slug}").text
    )
