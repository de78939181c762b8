"""What admins do with the accounts of staff: invite, set roles, close, invite again, end sessions.

Nobody chooses another person's password: an invitation link lets them do it themselves. There is always one open
account that may manage staff.
"""

import secrets
from collections.abc import Iterable

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pledge.accounts import sessions
from pledge.accounts.mails import enqueue_to
from pledge.accounts.models import MAX_NAME, StaffMember, StaffRole
from pledge.accounts.roles import Role
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.text.lines import is_readable, one_line
from pledge.mail.models import MailKind


class AlreadyInvited(Exception):
    """There is an account with this address."""


class NoRole(Exception):
    """An account without a role could see nothing."""


class LastAdmin(Exception):
    """No open account would be left that may manage staff."""


class NoSuchAccount(Exception):
    """There is no account with this number."""


def invite(actor: Actor, email: str, roles: Iterable[Role], lang: str, name: str = "") -> int:
    """Create an account and enqueue the mail with its link; returns its number.

    Raises BadStaffAddress, AlreadyInvited, NoRole, BadName.
    """
    address = clean_address(email)
    wanted = _wanted(roles)
    now = clock.now()
    person = StaffMember(
        email=address,
        name=clean_name(name),
        lang=lang,
        active=True,
        passkey_handle=secrets.token_hex(32),
        invitation=1,
        created_at=now,
        invited_at=now,
    )
    person.given_roles = [StaffRole(role=role) for role in wanted]
    try:
        with transaction() as session:
            session.add(person)
            session.flush()
            enqueue_to(session, person, MailKind.STAFF_INVITATION, person.invitation)
            record(session, actor, "staff.invite", f"staff:{person.id}", email=address, roles=wanted)
            return person.id
    except IntegrityError:
        raise AlreadyInvited from None


def invite_again(actor: Actor, staff_id: int) -> None:
    """Remove password, second factors and sessions and send a new link; a closed account is opened again.

    The command line may do it to the last admin too: it is their way back in. Raises NoSuchAccount, LastAdmin.
    """
    with transaction() as session:
        person = _person(session, staff_id)
        if person.password is not None and actor.staff_id is not None:
            _keep_an_admin(session, person)
        was_closed = not person.active
        person.password = person.totp_secret = person.totp_step = person.recovery_codes = None
        person.passkeys.clear()
        person.active, person.closed_at = True, None
        person.invitation += 1
        person.invited_at = clock.now()
        _cut(session, person)
        enqueue_to(session, person, MailKind.STAFF_INVITATION, person.invitation)
        record(session, actor, "staff.invite_again", f"staff:{staff_id}", was_closed=was_closed)


def set_roles(actor: Actor, staff_id: int, roles: Iterable[Role]) -> None:
    """Give these roles and no others. Raises NoSuchAccount, NoRole, LastAdmin."""
    wanted = _wanted(roles)
    with transaction() as session:
        person = _person(session, staff_id)
        before = sorted(person.role_set)
        if before == wanted:
            return
        if Role.ADMIN not in wanted:
            _keep_an_admin(session, person)
        person.given_roles = [
            next((given for given in person.given_roles if given.role == role), None) or StaffRole(role=role)
            for role in wanted
        ]
        record(session, actor, "staff.set_roles", f"staff:{staff_id}", before=before, after=wanted)


def close(actor: Actor, staff_id: int, reason: str) -> None:
    """Close an account; its sessions end with the next request. Raises NoSuchAccount, LastAdmin."""
    with transaction() as session:
        person = _person(session, staff_id)
        if not person.active:
            return
        _keep_an_admin(session, person)
        person.active, person.closed_at = False, clock.now()
        _cut(session, person)
        record(session, actor, "staff.close", f"staff:{staff_id}", reason=reason)


def end_sessions(actor: Actor, staff_id: int, session_id: int | None = None) -> None:
    """End one session of a person, or all. Raises NoSuchAccount."""
    with transaction() as session:
        person = _person(session, staff_id)
        ended = sessions.end_all(session, staff_id, only=session_id)
        if session_id is None:
            person.auth_version += 1  # also a sign-in that waits for the second factor
        record(session, actor, "staff.end_sessions", f"staff:{staff_id}", ended=ended)


def _person(session: Session, staff_id: int) -> StaffMember:
    person = session.get(StaffMember, staff_id, with_for_update=True)
    if person is None:
        raise NoSuchAccount
    return person


def _keep_an_admin(session: Session, person: StaffMember) -> None:
    """Make sure that somebody else may manage staff. Two admins who demote each other at once are serialised here."""
    if Role.ADMIN not in person.role_set or not person.active:
        return
    admins = select(StaffRole).where(StaffRole.role == Role.ADMIN).order_by(StaffRole.staff_id)
    session.scalars(admins.with_for_update()).all()
    others = select(StaffMember.id).join(StaffMember.given_roles).where(StaffRole.role == Role.ADMIN)
    can_sign_in = StaffMember.active, StaffMember.password.is_not(None)
    if session.scalars(others.where(*can_sign_in, StaffMember.id != person.id)).first() is None:
        raise LastAdmin


def _cut(session: Session, person: StaffMember) -> None:
    sessions.end_all(session, person.id)
    person.auth_version += 1


def _wanted(roles: Iterable[Role]) -> list[Role]:
    wanted = sorted(set(roles))
    if not wanted:
        raise NoRole
    return wanted


class BadName(Exception):
    """Too long, or with a character that cannot be shown."""


def clean_name(text: str) -> str:
    """A person's name in one line; "" for none. Raises BadName."""
    name = one_line(text)
    if len(name) > MAX_NAME or not is_readable(name):
        raise BadName
    return name


def rename(actor: Actor, staff_id: int, name: str) -> None:
    """Say what a person is called; for themselves and for admins. Raises NoSuchAccount, BadName."""
    name = clean_name(name)
    with transaction() as session:
        person = _person(session, staff_id)
        if person.name != name:
            before, person.name = person.name, name
            record(session, actor, "staff.rename", f"staff:{staff_id}", before=before, after=name)


MAX_ADDRESS = 254


class BadStaffAddress(Exception):
    """Not an address that a mail can be sent to."""


def clean_address(text: str) -> str:
    """The address in lower case, by which accounts are found. Raises BadStaffAddress."""
    try:
        valid = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise BadStaffAddress from None
    address = (valid.ascii_email or valid.normalized).lower()
    if len(address) > MAX_ADDRESS:
        raise BadStaffAddress
    return address
