"""`flask staff …`: the first admin comes from here, and the way back in."""

import pytest

from pledge.accounts import queries
from pledge.accounts.roles import Role
from pledge.accounts.two_people import obstacle
from pledge.cli.staff import running_address, sign_in_paths
from tests.support.factories import staff


def test_create_prints_a_link_that_invites(runner, client):
    done = runner.run("staff", "create", "Admin@Example.org", "--role", "admin")
    person = queries.member(email="admin@example.org")
    assert person.role_set == {Role.ADMIN}
    link = done.strip()
    assert link.startswith("http://localhost/staff/invitation/")
    assert client.get(link.removeprefix("http://localhost")).status_code == 200


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense", "--role", "admin"], "not an e-mail address"),
        (["a@example.org", "--role", "emperor"], "Invalid value"),
        (["a@example.org"], "Missing option"),
        (["taken@example.org", "--role", "viewer"], "invite-again"),
    ],
)
def test_create_says_what_is_wrong(runner, words, message):
    staff("viewer", "taken@example.org")
    done = runner.invoke(args=["staff", "create", *words])
    assert done.exit_code != 0
    assert message in done.output


def test_the_last_admin_is_let_in_again_from_the_command_line(runner, client):
    staff("admin", "admin@example.org")
    done = runner.run("staff", "invite-again", "admin@example.org")
    assert client.get(done.strip().removeprefix("http://localhost")).status_code == 200


def test_a_closed_account_is_listed_as_closed(runner):
    staff("admin", "admin@example.org")
    staff("editor", "editor@example.org")
    assert (
        "nobody would be left"
        in runner.invoke(args=["staff", "close", "admin@example.org", "--reason", "x"]).output
    )
    runner.run("staff", "close", "editor@example.org", "--reason", "left")
    lines = runner.invoke(args=["staff", "list"]).output.splitlines()
    assert lines[0].startswith("admin@example.org  open  admin")
    assert lines[1].startswith("editor@example.org  closed  editor")
    runner.run("staff", "close", "nobody@example.org", "--reason", "x", code=1)


def test_a_development_machine_shows_an_invitation_until_it_is_accepted(app):
    (first,), (second,) = sign_in_paths(), sign_in_paths()
    assert first.startswith("/staff/invitation/")
    assert second.startswith("/staff/invitation/")
    assert len(queries.people()) == 1
    from pledge.accounts import services

    services.accept_invitation(second.rpartition("/")[2], "three green herons waited", "", "en")
    assert sign_in_paths() == ["/staff/"]


def test_a_demo_has_two_people_who_decide_about_each_others_proposals(app):
    assert len(set(sign_in_paths(two=True))) == 2
    first, second = queries.people()
    assert obstacle(first.id, second.id) is None


def test_an_invitation_names_the_address_of_the_site_that_runs(runner, app):
    address = running_address()
    address.write_text("http://127.0.0.1:8120", "utf-8")
    try:
        output = runner.invoke(args=["staff", "create", "new@example.org", "--role", "editor"]).output
    finally:
        address.unlink()
    assert output.startswith("http://127.0.0.1:8120/staff/invitation/")
