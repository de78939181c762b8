"""Who was invited lately is one person with who invited them, for every decision that takes two."""

from datetime import timedelta

import pytest

from pledge.accounts import authenticator, moderation, two_people
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Role
from pledge.accounts.two_people import InvitedLately, NeedsSecondPerson, obstacle
from pledge.audit.models import COMMAND_LINE, Actor
from pledge.core.db import transaction
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.origins import domain_hash
from tests.support import factories
from tests.support.staff import client_of


def who(staff_id):
    return Actor(staff_id, f"staff{staff_id}@example.org", "192.0.2.1")


def invite(by, name="new"):
    actor = COMMAND_LINE if by is None else who(by)
    return moderation.invite(actor, f"{name}@example.org", [Role.ADMIN], "en")


@pytest.fixture
def admin(app):
    return factories.staff("admin").id


def until(first, second):
    reason = obstacle(first, second)
    return reason and reason.until


def are_one(first, second):
    is_refused = until(first, second) is not None
    assert (until(second, first) is not None) is is_refused, "it does not matter who of the two asks"
    with transaction() as session:
        if not is_refused:
            two_people.check(session, first, second)
            return False
        with pytest.raises(InvitedLately):
            two_people.check(session, first, second)
    return True


def test_for_72_hours_who_was_invited_is_one_person_with_who_invited_them(admin, frozen_clock):
    new = invite(admin)
    assert are_one(admin, new)
    assert until(admin, new) == frozen_clock.now() + timedelta(hours=72)
    frozen_clock.move(hours=71, minutes=59)
    assert are_one(admin, new)
    frozen_clock.move(minutes=1)
    assert not are_one(admin, new)


def test_an_invitation_anew_counts_like_the_first(admin, frozen_clock):
    new = invite(None)
    assert not are_one(admin, new)
    moderation.invite_again(who(admin), new)
    assert are_one(admin, new)


def test_an_account_invited_by_the_new_account_is_one_person_with_both(admin, frozen_clock):
    new = invite(admin)
    newest = invite(new, "newest")
    assert are_one(admin, newest)
    frozen_clock.move(hours=1)
    assert until(new, invite(newest, "fourth")) == frozen_clock.now() + timedelta(hours=71), (
        "the first of the two ends"
    )
    frozen_clock.move(hours=72)
    latest = invite(newest, "latest")
    assert are_one(newest, latest)
    assert not are_one(admin, latest), "the accounts in between are old enough"


def test_two_accounts_invited_by_the_same_person_are_one_person(admin, frozen_clock):
    assert are_one(invite(admin, "one"), invite(admin, "two"))


def test_two_people_who_did_not_invite_each_other_are_two(admin, frozen_clock):
    other = factories.staff("admin").id
    assert not are_one(admin, other)
    assert not are_one(other, invite(admin))
    assert not are_one(invite(None, "one"), invite(None, "two"))


def test_two_who_invited_each_other_again_are_one(admin, frozen_clock):
    other, third = factories.staff("admin").id, factories.staff("admin").id
    moderation.invite_again(who(admin), other)
    moderation.invite_again(who(other), admin)
    assert are_one(admin, other)
    assert not are_one(admin, third)


@pytest.mark.parametrize("second", ["who began", None], ids=["who-began", "nobody-known"])
def test_who_began_and_who_has_no_account_are_no_second_person(admin, second):
    for first, other in ((admin, second and admin), (second and admin, admin)):
        with transaction() as session, pytest.raises(NeedsSecondPerson):
            two_people.check(session, first, other)
        assert type(obstacle(first, other)) is NeedsSecondPerson


# --- Each decision of two ---


def many_signatures(by):
    factories.crowd(60, domain="robots.example")
    condition = Condition(domain_hash=domain_hash("blue-skies", "robots.example"))
    return invalidations.propose(who(by), condition, InvalidationReason.AUTOMATED, "a burst")


def test_no_decision_of_two_is_taken_by_who_was_invited_lately(app, admin, frozen_clock):
    puppet = invite(admin)
    number = many_signatures(admin)
    page = f"/staff/invalidations/{number}"
    with pytest.raises(InvitedLately):
        invalidations.approve(who(puppet), number)
    client = client_of(app, factories.member_of_staff(puppet), enrolled=True)
    with transaction() as session:
        row = session.get_one(StaffMember, puppet)
        row.password, row.recovery_codes, row.totp_secret = (
            "x",
            [],
            authenticator.new_secret(),
        )
    shown = client.get(page)
    assert "you do not count as two people yet: you can decide from" in shown.text
    assert f"{page}/approve" not in shown.text
    refused = client.post(f"{page}/approve", data={"why": "because"})
    assert refused.status_code == 403
    assert "Nothing was done" in refused.text

    invalidations.approve(who(factories.staff("admin").id), number)
