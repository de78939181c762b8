"""Invitations: the only way to an account."""

import re

import pytest
from sqlalchemy import select

from pledge.accounts import mails, moderation
from pledge.accounts.models import StaffMember, StaffSession
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.core.concurrency import Busy
from pledge.core.db import db
from tests.support.at_once import at_once
from tests.support.factories import member_of_staff, staff
from tests.support.staff import code, new_authenticator, send, token_in

PASSWORD = "three green herons waited"


def invite(email="new@example.org", roles=(Role.MODERATOR,), lang="en"):
    staff_id = moderation.invite(COMMAND_LINE, email, roles, lang)
    return staff_id, path_of(staff_id)


def path_of(staff_id):
    return mails.invitation_link(member_of_staff(staff_id)).removeprefix("http://localhost")


def accept(client, path, password=PASSWORD, again=None):
    return send(client, path, password=password, again=password if again is None else again)


def enrol_app(client):
    """Set up an authenticator; the page that comes next."""
    page = client.get("/staff/account/authenticator")
    return send(client, "/staff/account/authenticator", **new_authenticator(page))


def test_an_invited_person_goes_from_the_link_to_the_desk(client):
    staff_id, path = invite()
    page = client.get(path)
    assert page.status_code == 200
    assert "new@example.org" in page.text
    assert member_of_staff(staff_id).password is None, "opening the link does nothing"
    assert accept(client, path).location == "/staff/"
    assert client.get("/staff/").location == "/staff/enrol"
    assert enrol_app(client).location == "/staff/account/recovery-codes"
    assert client.get("/staff/account").location == "/staff/account/recovery-codes", (
        "codes are made before anything else"
    )
    page = send(client, "/staff/account/recovery-codes")
    codes = re.findall(r"<code>([a-z0-9-]{29})</code>", page.text)
    assert len(set(codes)) == 10
    assert client.get("/staff/account").status_code == 200
    assert codes[0] not in client.get("/staff/account/recovery-codes").text
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts == [
        "staff.invite",
        "staff.accept_invitation",
        "staff.sign_in",
        "staff.set_authenticator",
        "staff.make_recovery_codes",
    ]


def test_who_takes_one_up_in_the_browser_of_another_gets_a_session_of_their_own(app, staff_client):
    admin = staff_client("admin")
    before = db.session.scalars(select(StaffSession.token_hash)).all()
    staff_id, path = invite()
    assert "Set-Cookie" in accept(admin, path).headers
    (row,) = db.session.scalars(select(StaffSession))
    assert row.staff_id == staff_id
    assert row.token_hash not in before
    assert admin.get("/staff/").location == "/staff/enrol", "the second factor of the other is not theirs"


def test_the_code_that_proved_the_app_does_not_sign_in_again(app, client, frozen_clock):
    staff_id, path = invite()
    accept(client, path)
    enrol_app(client)
    other = app.test_client()
    send(other, "/staff/sign-in", email="new@example.org", password=PASSWORD)
    assert send(other, "/staff/sign-in/code", code=code(member_of_staff(staff_id))).status_code == 422


@pytest.mark.parametrize(("browser", "lang"), [("en-GB,en", "en"), ("ko-KR,ko", "ko"), ("", "ko")])
def test_the_staff_area_follows_the_language_of_the_page_that_accepted(app, client, browser, lang):
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = browser
    _, path = invite(lang="en" if lang == "ko" else "ko")
    assert f'<html lang="{lang}"' in client.get(path).text
    accept(client, path)
    assert f'<html lang="{lang}"' in client.get("/staff/enrol").text


def test_an_invitation_works_once(app, client):
    _, path = invite()
    accept(client, path)
    other = app.test_client()
    assert other.get(path).status_code == 410
    token = token_in(other.get("/staff/sign-in"))
    answer = other.post(
        path, data={"csrf_token": token, "password": "my own password now", "again": "my own password now"}
    )
    assert answer.status_code == 410


def test_a_link_ends_after_three_days(client, clock):
    _, path = invite()
    clock.move(days=3, minutes=6)
    assert client.get(path).status_code == 410


def test_a_newer_invitation_ends_the_older_link(client):
    staff_id, old = invite()
    moderation.invite_again(COMMAND_LINE, staff_id)
    assert client.get(old).status_code == 410
    assert client.get(path_of(staff_id)).status_code == 200


def test_a_closed_account_cannot_be_taken_up(client):
    staff_id, path = invite()
    moderation.close(COMMAND_LINE, staff_id, "a mistake")
    assert client.get(path).status_code == 410


@pytest.mark.parametrize("made_up", ["x", "WzEsMV0.made.up", "%F0%9F%98%80", "a" * 600])
def test_a_made_up_link_looks_like_one_that_is_over(client, made_up):
    assert client.get(f"/staff/invitation/{made_up}").status_code == 410


def test_a_link_of_another_kind_invites_nobody(app, client):
    from pledge.core import tokens
    from pledge.core.tokens import Purpose

    staff_id, _ = invite()
    for purpose, payload in (
        (Purpose.CONFIRM, [staff_id, 1]),
        (Purpose.STAFF_INVITATION, [staff_id]),
        (Purpose.STAFF_INVITATION, ["1", "1"]),
    ):
        assert client.get(f"/staff/invitation/{tokens.mint(purpose, payload)}").status_code == 410


@pytest.mark.parametrize(
    ("password", "again", "message"),
    [
        ("short", "short", "at least 12 characters"),
        ("password1234", "password1234", "among the first"),
        (PASSWORD, "something else", "not the same"),
        ("", "", "at least 12 characters"),
        ("x" * 600, "x" * 600, "up to 128"),
    ],
)
def test_a_password_that_will_not_do_is_said_and_not_shown_again(client, password, again, message):
    _, path = invite()
    client.get("/staff/sign-in?lang=en")
    page = client.get(path, headers={"Accept-Language": "en"})
    answer = client.post(
        path,
        data={"csrf_token": token_in(page), "password": password, "again": again},
        headers={"Accept-Language": "en"},
    )
    assert answer.status_code == 422
    assert message in answer.text
    assert not password or password not in answer.text
    assert client.get(path).status_code == 200, "the link still works"


def test_two_people_with_one_link_do_not_both_get_in(app):
    from pledge.accounts import services

    _, path = invite()
    token = path.rpartition("/")[2]

    def accept():
        services.accept_invitation(token, PASSWORD, "127.0.0.1", "en")
        return "in"

    refused = (services.InvitationExpired, Busy)  # Busy: others are hashing their password
    assert at_once(app, *[accept] * 4, expected=refused).count("in") == 1


def test_inviting_again_takes_everything_away(app, staff_client):
    person = staff_client("editor")
    moderation.invite_again(COMMAND_LINE, person.member.id)
    row = db.session.get(StaffMember, person.member.id)
    assert (row.password, row.totp_secret, row.recovery_codes) == (None, None, None)
    assert row.auth_version != person.member.auth_version
    assert db.session.scalars(select(StaffSession)).all() == []
    assert person.get("/staff/account").status_code == 303


def test_inviting_again_opens_a_closed_account(app, client):
    person = staff("editor")
    moderation.close(COMMAND_LINE, person.id, "left")
    moderation.invite_again(COMMAND_LINE, person.id)
    assert client.get(path_of(person.id)).status_code == 200
