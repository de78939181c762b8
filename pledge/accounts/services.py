"""What a member of staff may do with their own account. Everything is recorded in the audit log."""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import current_config
from pledge.accounts import authenticator, passwords, queries, sessions
from pledge.accounts.mails import enqueue_to
from pledge.accounts.models import StaffMember, StaffPasskey, StaffSession
from pledge.accounts.passkeys import PasskeyFault, PasskeyRefused
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock, tokens
from pledge.core.db import fetch, transaction
from pledge.core.tokens import BadToken, Purpose
from pledge.mail.models import MailKind


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
    with transaction() as session:
        person = _person(session, actor)
        person.signed_in_at = clock.now()
        record(session, actor, "staff.sign_in", f"staff:{person.id}", how=how)


def set_language(staff_id: int, lang: str) -> None:
    """Set the language of the staff area and its mails for a person."""
    with transaction() as session:
        session.execute(update(StaffMember).where(StaffMember.id == staff_id).values(lang=lang))


def change_password(actor: Actor, present: str, new: str, *, keep: int | None) -> None:
    """Set a new password; every session but `keep` ends. Raises WrongPassword, BadPassword, Busy."""
    kept = fetch(select(StaffMember.password).where(StaffMember.id == actor.staff_id)).scalar_one()
    if not passwords.matches(present, kept):
        raise WrongPassword
    passwords.check(new, actor.name, current_config())
    chosen = passwords.hashed(new)
    with transaction() as session:
        person = _person(session, actor)
        if person.password != kept:  # changed by somebody else meanwhile
            raise WrongPassword
        person.password = chosen
        person.auth_version += 1
        sessions.end_all(session, person.id, keep=keep)
        kept_session = update(StaffSession).where(StaffSession.id == keep)
        session.execute(kept_session.values(auth_version=person.auth_version))
        record(session, actor, "staff.change_password", f"staff:{person.id}")
        enqueue_to(session, person, MailKind.STAFF_NOTICE)


def set_authenticator(actor: Actor, secret: str, code: str, *, first: bool) -> None:
    """Bind an authenticator app whose code proves that it works; it replaces the one before.

    `first` is for a session that has shown no second factor, as there is none. Raises WrongCode, SecondFactorDue.
    """
    step = authenticator.step_of(secret, code)
    if step is None:
        raise WrongCode
    with transaction() as session:
        person = _person(session, actor, first=first)
        replaces = person.totp_secret is not None
        person.totp_secret = secret
        # The code that was just shown is used up, so that nobody who saw it signs in with it.
        person.totp_step = step
        record(session, actor, "staff.set_authenticator", f"staff:{person.id}", replaces=replaces)
        if replaces:
            enqueue_to(session, person, MailKind.STAFF_NOTICE)


def remove_authenticator(actor: Actor) -> None:
    """Remove the authenticator app. Raises LastSecondFactor when there is no passkey."""
    with transaction() as session:
        person = _person(session, actor)
        if not person.passkeys:
            raise LastSecondFactor
        person.totp_secret = None
        record(session, actor, "staff.remove_authenticator", f"staff:{person.id}")
        enqueue_to(session, person, MailKind.STAFF_NOTICE)


def add_passkey(actor: Actor, added: StaffPasskey, name: str, *, first: bool) -> None:
    """Store a passkey whose registration was checked; `first` as in set_authenticator. Raises SecondFactorDue, PasskeyRefused."""
    added.name, added.created_at = name, clock.now()
    added.last_used_at = added.created_at
    try:
        with transaction() as session:
            person = _person(session, actor, first=first)
            if any(passkey.name == name for passkey in person.passkeys):
                raise PasskeyRefused(PasskeyFault.NAME_IN_USE)
            person.passkeys.append(added)
            session.flush()
            record(session, actor, "staff.add_passkey", f"staff:{person.id}", name=name)
            if not first:
                enqueue_to(session, person, MailKind.STAFF_NOTICE)
    except IntegrityError:  # the credential is unique over all accounts
        raise PasskeyRefused(PasskeyFault.IN_USE) from None


def remove_passkey(actor: Actor, passkey_id: int) -> None:
    """Remove a passkey. Raises NoSuchPasskey, LastSecondFactor."""
    with transaction() as session:
        person = _person(session, actor)
        gone = next((passkey for passkey in person.passkeys if passkey.id == passkey_id), None)
        if gone is None:
            raise NoSuchPasskey
        if len(person.passkeys) == 1 and not person.totp_secret:
            raise LastSecondFactor
        record(session, actor, "staff.remove_passkey", f"staff:{person.id}", name=gone.name)
        person.passkeys.remove(gone)
        enqueue_to(session, person, MailKind.STAFF_NOTICE)


def make_recovery_codes(actor: Actor) -> list[str]:
    """Ten new codes, shown only now; those before stop working."""
    codes = authenticator.new_recovery_codes()
    with transaction() as session:
        person = _person(session, actor)
        person.recovery_codes = [authenticator.recovery_hash(code) for code in codes]
        record(session, actor, "staff.make_recovery_codes", f"staff:{person.id}")
    return codes


def use_recovery_code(actor: Actor, code: str) -> bool:
    """Whether it is one of the person's codes; it is used up."""
    with transaction() as session:
        person = _person(session, actor)
        hashes, used = person.recovery_codes or [], authenticator.recovery_hash(code)
        if used not in hashes:
            return False
        person.recovery_codes = left = [other for other in hashes if other != used]
        record(session, actor, "staff.use_recovery_code", f"staff:{person.id}", left=len(left))
        enqueue_to(session, person, MailKind.STAFF_NOTICE)
    return True


def end_sessions(actor: Actor, *, only: int | None = None, keep: int | None = None) -> None:
    """End one of one's own sessions (`only`), or all but `keep`."""
    with transaction() as session:
        person = _person(session, actor)
        ended = sessions.end_all(session, person.id, only=only, keep=keep)
        if ended:
            record(session, actor, "staff.end_sessions", f"staff:{person.id}", ended=ended)


def _person(session: Session, actor: Actor, *, first: bool = False) -> StaffMember:
    """The acting person, locked. Raises SecondFactorDue where a `first` factor would not be the first."""
    person = session.get_one(StaffMember, actor.staff_id, with_for_update=True)
    if first and person.has_second_factor:
        raise SecondFactorDue
    return person
