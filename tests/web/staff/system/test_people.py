"""Admins look after the accounts of the others; somebody can always manage staff; everything is in the audit log."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.accounts import moderation, queries
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.core.db import db, transaction
from pledge.core.i18n import format_datetime
from tests.support.factories import staff
from tests.support.pages import hidden_fields
from tests.support.staff import client_of


def acts():
    return db.session.execute(
        select(AuditEntry.actor, AuditEntry.action, AuditEntry.subject, AuditEntry.reason)
    ).all()


def test_an_invitation_from_the_page(admin):
    answer = admin.post(
        "/staff/people/invite",
        data={"email": " New@Example.ORG ", "roles": ["editor", "viewer"], "lang": "en"},
    )
    new = queries.member(email="new@example.org")
    assert answer.location == f"/staff/people/{new.id}"
    assert new.role_set == {Role.EDITOR, Role.VIEWER}
    assert acts() == [(admin.member.email, "staff.invite", f"staff:{new.id}", "")]
    assert "Invited" in admin.get("/staff/people").text
    assert admin.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": "", "roles": "viewer"}, "name@example.com"),
        ({"email": "new@example.org"}, "at least one role"),
        ({"email": "new@example.org", "roles": "emperor"}, "at least one role"),
        ({"email": "taken@example.org", "roles": "viewer"}, "already"),
        ({"email": "a@b.example\r\nBcc: x@y.example", "roles": "viewer"}, "name@example.com"),
    ],
)
def test_an_invitation_that_cannot_be_is_said_and_nothing_is_lost(admin, fields, message):
    staff("viewer", "taken@example.org")
    answer = admin.post("/staff/people/invite", data={"lang": "en", **fields})
    assert answer.status_code == 422
    assert message in answer.text
    assert acts() == []


def test_roles_are_changed_with_before_and_after(staff_client):
    admin, person = staff_client("admin"), staff("viewer")
    answer = admin.post(f"/staff/people/{person.id}/roles", data={"roles": ["exporter", "moderator"]})
    assert answer.status_code == 303
    assert queries.member(id=person.id).role_set == {Role.EXPORTER, Role.MODERATOR}
    details = db.session.scalars(select(AuditEntry.details)).one()
    assert details == '{"after":["exporter","moderator"],"before":["viewer"]}'
    undo = (
        admin.get(answer.location)
        .text.partition('<div class="notice notice--done')[2]
        .partition("</form>")[0]
    )
    assert f'action="/staff/people/{person.id}/roles"' in undo
    admin.post(f"/staff/people/{person.id}/roles", data=hidden_fields(undo))
    assert queries.member(id=person.id).role_set == {Role.VIEWER}


def test_closing_an_account_needs_a_reason(staff_client):
    admin, person = staff_client("admin"), staff("viewer")
    assert admin.post(f"/staff/people/{person.id}/close", data={"why": "  "}).status_code == 422
    assert queries.member(id=person.id).active
    assert admin.post(f"/staff/people/{person.id}/close", data={"why": "x" * 1001}).status_code == 422
    assert (
        admin.post(f"/staff/people/{person.id}/close", data={"why": "left the campaign"}).status_code == 303
    )
    assert not queries.member(id=person.id).active
    assert acts() == [(admin.member.email, "staff.close", f"staff:{person.id}", "left the campaign")]


def test_inviting_again_asks_first_and_says_what_is_lost(app, staff_client):
    admin, person = staff_client("admin", lang="en"), staff_client("editor")
    page = admin.get(f"/staff/people/{person.member.id}").text
    folded = page[page.index("<details") : page.index("</details>")]
    assert f'action="/staff/people/{person.member.id}/invite-again"' in folded, "no button that wipes at once"
    for words in (
        "the password",
        "the second factor and the recovery codes",
        "1 open session",
        person.member.email,
    ):
        assert words in folded
    assert admin.post(f"/staff/people/{person.member.id}/invite-again").status_code == 303
    assert queries.member(id=person.member.id).password is None


def test_the_page_says_why_the_last_admin_stays(admin):
    refused = admin.post(f"/staff/people/{admin.member.id}/invite-again")
    assert refused.status_code == 422
    assert "Somebody must be able to manage staff" in refused.text


def test_a_person_who_does_not_exist_is_not_found(staff_client):
    admin = staff_client("admin")
    assert admin.get("/staff/people/99999").status_code == 404
    for act in ("roles", "close", "invite-again", "end-sessions"):
        answer = admin.post(f"/staff/people/99999/{act}", data={"roles": "viewer", "why": "x"})
        assert answer.status_code == 404, act


def test_a_name_given_with_the_invitation_is_shown_instead_of_the_address(admin):
    fields = {"email": "minji@example.org", "name": " Kim  Minji ", "roles": ["auditor"], "lang": "ko"}
    page = admin.post("/staff/people/invite", data=fields)
    new = queries.member(email="minji@example.org")
    assert (new.name, new.role_set) == ("Kim Minji", {Role.AUDITOR})
    assert "<h1>Kim Minji</h1>" in admin.get(page.location).text
    refused = admin.post("/staff/people/invite", data={**fields, "email": "a@example.org", "name": "x" * 61})
    assert refused.status_code == 422
    assert 'value="a@example.org"' in refused.text


def test_the_audit_log_names_whoever_has_given_a_name(admin):
    assert admin.post("/staff/account/name", data={"name": "Park Hana"}).location == "/staff/account"
    page = admin.get("/staff/audit").text
    assert "Park Hana" in page
    assert admin.member.email not in page


def test_the_page_says_how_many_can_approve_what_another_proposes(admin, frozen_clock):
    assert admin.get("/staff/people").text.count("can approve: 0") == 2
    staff("editor")
    page = admin.get("/staff/people").text
    assert (page.count("can approve: 2"), page.count("takes two:")) == (1, 1)


def test_whoever_was_invited_lately_and_who_invited_them_are_no_pair(admin, frozen_clock):
    answer = admin.post("/staff/people/invite", data={"email": "b@x.org", "roles": "admin", "lang": "en"})
    with transaction() as session:
        session.get(StaffMember, int(answer.location.rpartition("/")[2])).password = "accepted"
    assert admin.get("/staff/people").text.count("can approve: 0") == 2
    frozen_clock.move(hours=73)
    assert staff_again(admin).get("/staff/people").text.count("can approve: 2") == 2


def staff_again(client):
    """The same person in a new session."""
    return client_of(client.application, queries.member(id=client.member.id))


def test_the_page_says_who_had_which_role_on_a_day(admin, frozen_clock):
    frozen_clock.move(seconds=1795500000 - frozen_clock.now().timestamp())  # 24 November 2026, 15:00 in Seoul
    person = moderation.invite(COMMAND_LINE, "han@example.org", [Role.EDITOR], "ko")
    frozen_clock.move(days=1)
    moderation.set_roles(COMMAND_LINE, person, [Role.EXPORTER])
    frozen_clock.move(days=1)
    moderation.close(COMMAND_LINE, person, "left")
    reader = staff_again(admin)
    for day, words in (("23", ""), ("24", "Editor"), ("25", "Exporter"), ("26", "")):
        page = reader.get(f"/staff/people?on=2026-11-{day}").text
        row = page.partition("han@example.org")[2].partition("</tr>")[0]
        assert re.findall(r'data-label="Roles">([^<]*)<', row) == ([words] if words else []), day


def test_the_invitation_says_from_when_the_two_approve_each_others_proposals(staff_client, frozen_clock):
    page = staff_client("admin", lang="en").get("/staff/people").text
    assert format_datetime(frozen_clock.now() + timedelta(hours=72), "en") in page
