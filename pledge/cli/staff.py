"""`flask staff …`: the first admin, and a way back in when no admin can sign in."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from config import current_config
from pledge.accounts import mails, moderation, queries
from pledge.accounts.models import StaffMember
from pledge.accounts.moderation import AlreadyInvited, BadStaffAddress, LastAdmin
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE
from pledge.cli.options import Commands, known_language
from pledge.core import languages

#: Invited on a development machine without staff.
FIRST_ADMIN = "admin@example.org"
#: The second person with `make demo`, who approves what the first one proposes.
SECOND_ADMIN = "second@example.org"

staff = Commands("staff", help="The accounts of staff.")


@staff.command("create")
@click.argument("email")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="May be given more than once.",
)
@click.option("--lang", default="", help="Language of the invitation; by default the first one of the site.")
def create(email: str, roles: tuple[str, ...], lang: str) -> None:
    """Invite somebody: print a link that works once and for three days, and mail it."""
    try:
        staff_id = moderation.invite(
            COMMAND_LINE, email, [Role(role) for role in roles], known_language(lang)
        )
    except BadStaffAddress:
        raise click.ClickException("this is not an e-mail address") from None
    except AlreadyInvited:
        raise click.ClickException(
            "there is an account with this address; see `flask staff invite-again`"
        ) from None
    _print_link(staff_id)


@staff.command("invite-again")
@click.argument("email")
def invite_again(email: str) -> None:
    """Remove password, second factors and sessions, print a new link and mail it. Reopens a closed account."""
    staff_id = _account(email=email.strip().lower()).id
    moderation.invite_again(COMMAND_LINE, staff_id)
    _print_link(staff_id)


@staff.command("close")
@click.argument("email")
@click.option("--reason", required=True, help="For the audit log.")
def close(email: str, reason: str) -> None:
    """Close an account; its sessions end with their next request."""
    try:
        moderation.close(COMMAND_LINE, _account(email=email.strip().lower()).id, reason)
    except LastAdmin:
        raise click.ClickException("nobody would be left who may manage staff") from None
    click.echo("closed")


@staff.command("list")
def list_people() -> None:
    """List the accounts."""
    for person in queries.people():
        state = "closed" if not person.active else "invited" if person.is_invited else "open"
        factor = "second factor" if person.has_second_factor else "no second factor"
        click.echo(f"{person.email}  {state}  {', '.join(person.roles)}  {factor}")


def sign_in_paths(*, two: bool = False) -> list[str]:
    """The paths to open on a development machine: an admin's invitation until it is accepted, then the sign-in.

    With `two`, also that of a second person, who approves what the first one proposes.
    """
    addresses = (FIRST_ADMIN, SECOND_ADMIN) if two else (FIRST_ADMIN,)
    if queries.is_empty():
        for address in addresses:
            moderation.invite(COMMAND_LINE, address, [Role.ADMIN], languages.default())
    waiting = [queries.member(email=address, password=None, active=True) for address in addresses]
    return [
        "/staff/" if invitation is None else urlsplit(mails.invitation_link(invitation)).path
        for invitation in waiting
    ]


def _print_link(staff_id: int) -> None:
    """Print the link of an invitation, at the address of the site that runs here."""
    link, running = mails.invitation_link(_account(id=staff_id)), running_address()
    if not current_config().is_production and running.exists():
        link = running.read_text("utf-8") + urlsplit(link).path
    click.echo(link)


def running_address() -> Path:
    """The file in which a running `flask serve` writes the site's address."""
    return current_config().instance_dir / "address"


def _account(**by: Any) -> StaffMember:
    """The account with this `email` or `id`. Raises ClickException."""
    account = queries.member(**by)
    if account is None:
        raise click.ClickException("there is no account with this address")
    return account
