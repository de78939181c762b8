"""What admins do with the accounts of staff: somebody who may manage them is always left."""

from functools import partial

import pytest

from pledge.accounts import moderation, queries
from pledge.accounts.moderation import AlreadyInvited, LastAdmin, NoRole, NoSuchAccount
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, Actor
from pledge.core import clock
from tests.support.at_once import at_once
from tests.support.factories import staff

pytestmark = pytest.mark.usefixtures("app")


def acts_on(person):
    """What takes the right to manage staff from somebody."""
    admin = Actor(person.id, person.email, "192.0.2.1")
    return (
        lambda: moderation.close(admin, person.id, "they left"),
        lambda: moderation.set_roles(admin, person.id, [Role.VIEWER]),
        lambda: moderation.invite_again(admin, person.id),
    )


def test_the_last_admin_can_be_neither_closed_nor_demoted_nor_reset():
    last = staff("admin")
    # An admin who never took up the invitation, and one who left, cannot help.
    moderation.invite(COMMAND_LINE, "new@example.org", [Role.ADMIN], "en")
    staff("admin", active=False, closed_at=clock.now())
    for act in acts_on(last):
        with pytest.raises(LastAdmin):
            act()
    assert queries.member(id=last.id).role_set == {Role.ADMIN}


def test_the_command_line_resets_the_last_admin_who_is_locked_out():
    last = staff("admin")
    moderation.invite_again(COMMAND_LINE, last.id)
    assert queries.member(id=last.id).password is None


def test_two_admins_who_demote_each_other_at_once_leave_one(app):
    admins = [staff("admin"), staff("admin")]

    def demote(person):
        moderation.set_roles(COMMAND_LINE, person.id, [Role.VIEWER])
        return "demoted"

    done = at_once(app, *(partial(demote, person) for person in admins), expected=(LastAdmin,))
    assert done.count("demoted") == 1


def test_an_account_has_a_role_and_an_address_of_its_own():
    person = staff("viewer")
    with pytest.raises(NoRole):
        moderation.set_roles(COMMAND_LINE, person.id, [])
    with pytest.raises(NoRole):
        moderation.invite(COMMAND_LINE, "new@example.org", [], "en")
    with pytest.raises(AlreadyInvited):
        moderation.invite(COMMAND_LINE, person.email, [Role.VIEWER], "en")
    with pytest.raises(NoSuchAccount):
        moderation.close(COMMAND_LINE, person.id + 1000, "a mistake")
