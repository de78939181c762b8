"""What a member of staff may do with their own account. Everything is recorded in the audit log."""

from dataclasses import asdict

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import current_config
from pledge.accounts import authenticator, passwords, queries, sessions
from pledge.accounts.mails import enqueue_notice
from pledge.accounts.models import StaffMember, StaffPasskey, StaffSession
from pledge.accounts.passkeys import NewPasskey, PasskeyFault, PasskeyRefused
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock, tokens
from pledge.core.db import fetch, transaction
from pledge.core.tokens import BadToken, Purpose


class InvitationExpired(Exception):
    """The link was used, replaced by a newer one, or expired, or the account is closed."""


class WrongPassword(Exception):
    """The present password is not right."""


class WrongCode(Exception):
    """The code does not match the secret now."""


class SecondFactorDue(Exception):
    """The account has a second factor by now, which this session has not shown."""


class LastSecondFactor(Exception):
    """No second factor would be left."""


class NoSuchPasskey(Exception):
    """The person has no passkey of that number."""


def invited(token: str) -> StaffMember:
    """The person whom an invitation link is for. Raises BadToken, InvitationExpired."""
    read = tokens.read(Purpose.STAFF_INVITATION, token)
    if len(read.payload) != 2 or not all(isinstance(part, int) for part in read.payload):
        raise BadToken
    staff_id, number = read.payload
    person = queries.member(id=staff_id)
    if person is None:
        raise BadToken
    if read.expired or not person.active or person.password is not None or person.invitation != number:
        raise InvitationExpired
    return person


def accept_invitation(token: str, password: str, network: str, lang: str) -> StaffMember:
    """Accept an invitation by choosing a password, on a page in this language. Raises BadToken, InvitationExpired, BadPassword.

    The link works once: of two people who use it at the same time, one succeeds.
    """
    person = invited(token)
    passwords.check(password, person.email, current_config())
    chosen = passwords.hashed(password)
    with transaction() as session:
        taken = session.execute(
            update(StaffMember)
            .where(
                StaffMember.id == person.id,
                StaffMember.active,
                StaffMember.invitation == person.invitation,
                StaffMember.password.is_(None),
            )
            .values(password=chosen, lang=lang)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result has it
            raise InvitationExpired
        record(
            session, Actor(person.id, person.email, network), "staff.accept_invitation", f"staff:{person.id}"
        )
    return person


def note_sign_in(actor: Actor, how: str) -> None:
    """Record that somebody signed in; `how`: with which second factor."""
    staff_id = _id(actor)
    with transaction() as session:
        session.execute(
            update(StaffMember).where(StaffMember.id == staff_id).values(signed_in_at=clock.now())
        )
        record(session, actor, "staff.sign_in", f"staff:{staff_id}", how=how)


def set_language(staff_id: int, lang: str) -> None:
    """Set the language of the staff area and its mails for a person."""
    with transaction() as session:
        session.execute(update(StaffMember).where(StaffMember.id == staff_id).values(lang=lang))


def change_password(actor: Actor, present: str, new: str, *, keep: int | None) -> None:
    """Set a new password; every session but `keep` ends. Raises WrongPassword, BadPassword, Busy."""
    staff_id = _id(actor)
    kept = fetch(select(StaffMember.password).where(StaffMember.id == staff_id)).scalar_one()
    if not passwords.matches(present, kept):
        raise WrongPassword
    passwords.check(new, actor.name, current_config())
    chosen = passwords.hashed(new)
    with transaction() as session:
        person = session.get_one(StaffMember, staff_id)
        if person.password != kept:  # changed by somebody else meanwhile
            raise WrongPassword
        person.password = chosen
        person.auth_version += 1
        sessions.end_all(session, staff_id, keep=keep)
        kept_session = update(StaffSession).where(StaffSession.id == keep)
        session.execute(kept_session.values(auth_version=person.auth_version))
        record(session, actor, "staff.change_password", f"staff:{staff_id}")
        enqueue_notice(session, person)


def set_authenticator(actor: Actor, secret: str, code: str, *, first: bool) -> None:
    """Bind an authenticator app whose code proves that it works; it replaces the one before.

    `first` is for a session that has shown no second factor, as there is none. Raises WrongCode, SecondFactorDue.
    """
    staff_id = _id(actor)
    step = authenticator.step_of(secret, code)
    if step is None:
        raise WrongCode
    with transaction() as session:
        person = _person(session, staff_id, first=first)
        replaces = person.totp_secret is not None
        person.totp_secret = secret
        # The code that was just shown is used up, so that nobody who saw it signs in with it.
        person.totp_step = step
        record(session, actor, "staff.set_authenticator", f"staff:{staff_id}", replaces=replaces)
        if replaces:
            enqueue_notice(session, person)


def remove_authenticator(actor: Actor) -> None:
    """Remove the authenticator app. Raises LastSecondFactor when there is no passkey."""
    staff_id = _id(actor)
    with transaction() as session:
        person = session.get_one(StaffMember, staff_id, with_for_update=True)
        if not person.passkeys:
            raise LastSecondFactor
        person.totp_secret = None
        record(session, actor, "staff.remove_authenticator", f"staff:{staff_id}")
        enqueue_notice(session, person)


def add_passkey(actor: Actor, added: NewPasskey, name: str, *, first: bool) -> None:
    """Store a passkey whose registration was checked; `first` as in set_authenticator. Raises SecondFactorDue, PasskeyRefused."""
    staff_id, now = _id(actor), clock.now()
    try:
        with transaction() as session:
            person = _person(session, staff_id, first=first)
            if any(passkey.name == name for passkey in person.passkeys):
                raise PasskeyRefused(PasskeyFault.NAME_IN_USE)
            person.passkeys.append(StaffPasskey(name=name, created_at=now, last_used_at=now, **asdict(added)))
            session.flush()
            record(session, actor, "staff.add_passkey", f"staff:{staff_id}", name=name)
            if not first:
                enqueue_notice(session, person)
    except IntegrityError:  # the credential is unique over all accounts
        raise PasskeyRefused(PasskeyFault.IN_USE) from None


def remove_passkey(actor: Actor, passkey_id: int) -> None:
    """Remove a passkey. Raises NoSuchPasskey, LastSecondFactor."""
    staff_id = _id(actor)
    with transaction() as session:
        person = session.get_one(StaffMember, staff_id, with_for_update=True)
        gone = next((passkey for passkey in person.passkeys if passkey.id == passkey_id), None)
        if gone is None:
            raise NoSuchPasskey
        if len(person.passkeys) == 1 and not person.totp_secret:
            raise LastSecondFactor
        record(session, actor, "staff.remove_passkey", f"staff:{staff_id}", name=gone.name)
        person.passkeys.remove(gone)
        enqueue_notice(session, person)


def make_recovery_codes(actor: Actor) -> list[str]:
    """Ten new codes, shown only now; those before stop working."""
    staff_id = _id(actor)
    codes = authenticator.new_recovery_codes()
    with transaction() as session:
        session.get_one(StaffMember, staff_id).recovery_codes = authenticator.recovery_hashes(codes)
        record(session, actor, "staff.make_recovery_codes", f"staff:{staff_id}")
    return codes


def use_recovery_code(actor: Actor, code: str) -> bool:
    """Whether it is one of the person's codes; it is used up."""
    staff_id = _id(actor)
    with transaction() as session:
        person = session.get_one(StaffMember, staff_id, with_for_update=True)
        left = authenticator.without_code(person.recovery_codes, code)
        if left is None:
            return False
        person.recovery_codes = left
        record(session, actor, "staff.use_recovery_code", f"staff:{staff_id}", left=len(left))
        enqueue_notice(session, person)
    return True


def end_sessions(actor: Actor, *, only: int | None = None, keep: int | None = None) -> None:
    """End one of one's own sessions (`only`), or all but `keep`."""
    staff_id = _id(actor)
    with transaction() as session:
        ended = sessions.end_all(session, staff_id, only=only, keep=keep)
        if ended:
            record(session, actor, "staff.end_sessions", f"staff:{staff_id}", ended=ended)


def _person(session: Session, staff_id: int, *, first: bool) -> StaffMember:
    person = session.get_one(StaffMember, staff_id, with_for_update=True)
    if first and person.has_second_factor:
        raise SecondFactorDue
    return person


def _id(actor: Actor) -> int:
    if actor.staff_id is None:
        raise ValueError("the command line has no account")
    return actor.staff_id
