"""The decisions of staff about an organisation: publish, ask for changes, decline, remove, reinstate, reopen, check, merge.

Each one locks the row, compares it with what the person saw, changes the states, enqueues the mail and is recorded in the
audit log, all in one transaction. Each raises UnknownCase, CaseChanged and CaseInWrongState. Withdrawing is done by the
organisation itself (services.py).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.languages import Texts, texts
from pledge.endorsements import promises
from pledge.endorsements.counting import count_in, count_out
from pledge.endorsements.models import (
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    ReasonKind,
    VerificationLevel,
    VersionState,
)
from pledge.endorsements.outbox import enqueue
from pledge.endorsements.review import reasons
from pledge.endorsements.review.queries import SeenState
from pledge.endorsements.services import CORRECTABLE, NOBODY
from pledge.endorsements.verification.domains import earned_level
from pledge.endorsements.verification.ladder import check_site, site_proof
from pledge.endorsements.versions import move_versions
from pledge.ledger.models import Reason, StatementKind
from pledge.ledger.services import state
from pledge.mail.models import MailKind

#: States that are neither over nor not begun: of cases that have a level, and may be duplicates.
_REVIEWED = tuple(
    state for state in EndorsementState if state not in (EndorsementState.PENDING, EndorsementState.MERGED)
)


class UnknownCase(Exception):
    """There is no such endorsement, or no longer."""


class CaseInWrongState(Exception):
    """The state of the case does not allow this."""


class CaseChanged(Exception):
    """Somebody else changed the case meanwhile; `now` is its present state."""

    def __init__(self, now: SeenState) -> None:
        super().__init__(str(now))
        self.now = now


def publish(actor: Actor, endorsement_id: int, seen: SeenState) -> None:
    """Put the waiting version on the wall; the one before is superseded; +1 the first time."""
    now = clock.now()
    with _decided(actor, "publish", endorsement_id, seen, needs_contact=True) as (session, row, details):
        version, before = _waiting(row), row.published
        move_versions(row, VersionState.PUBLISHED, VersionState.SUPERSEDED)
        move_versions(row, VersionState.PROPOSED, VersionState.SUPERSEDED)
        session.flush()  # one version is public at a time
        version.state, version.reviewed_at, version.reviewed_by = VersionState.PUBLISHED, now, actor.staff_id
        details |= {"version": version.seq, "first": row.state != EndorsementState.PUBLISHED}
        if details["first"]:
            row.state, row.published_at, row.ended_at = EndorsementState.PUBLISHED, now, None
            row.public_reason = Texts()
            count_in(session, row, version, Reason.CONFIRMED, now)
        if not promises.same(before, version):
            state(
                session,
                campaign_id=row.campaign_id,
                kind=StatementKind.PROMISE,
                about=row.id,
                words=promises.words(version, row.id),
                at=now,
            )
        if before is not None and before.website != version.website and row.level != VerificationLevel.STAFF:
            # A level earned with another website says nothing about this one.
            row.level = earned_level(row.mail_domain, version.website)
        row.decision_reason = ""
        enqueue(session, row, MailKind.ENDORSE_PUBLISHED)


def ask_for_changes(actor: Actor, endorsement_id: int, seen: SeenState, code: str, note: str = "") -> None:
    """Return the waiting version with a reason. The published one stays on the wall.

    `note` is added to the mail in the applicant's language. Raises BadReason, too.
    """
    reason = reasons.chosen(ReasonKind.CHANGES, code).wording
    with _decided(actor, "ask_for_changes", endorsement_id, seen) as (session, row, details):
        details |= {"version": _waiting(row).seq, "code": code}
        if row.state == EndorsementState.REVIEW:
            row.state = EndorsementState.CHANGES
        _turn_down(session, actor, row, MailKind.ENDORSE_CHANGES, f"{reason.in_language(row.lang)} {note}")
        details["reason"] = row.decision_reason


def decline(actor: Actor, endorsement_id: int, seen: SeenState, code: str, note: str = "") -> None:
    """Refuse an application that is not on the wall. Raises BadReason, too."""
    reason = reasons.chosen(ReasonKind.DECLINE, code).wording
    states = (EndorsementState.REVIEW, EndorsementState.CHANGES)
    with _decided(actor, "decline", endorsement_id, seen, *states) as (session, row, details):
        row.state, row.ended_at = EndorsementState.DECLINED, clock.now()
        _turn_down(session, actor, row, MailKind.ENDORSE_DECLINED, f"{reason.in_language(row.lang)} {note}")
        details |= {"reason": row.decision_reason, "code": code}


def reopen(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Take a declined case back into the queue."""
    states = (EndorsementState.DECLINED,)
    with _decided(actor, "reopen", endorsement_id, seen, *states, why=why, needs_contact=True) as (_, row, _):
        version = row.newest
        if version.state != VersionState.DECLINED:
            raise CaseInWrongState  # they have applied again, and the mail of that is not confirmed yet
        version.state, version.reviewed_at, version.reviewed_by = VersionState.PROPOSED, None, None
        row.state, row.ended_at, row.decision_reason = EndorsementState.REVIEW, None, ""


def remove(
    actor: Actor, endorsement_id: int, seen: SeenState, code: str, wording: Mapping[str, str] | None = None
) -> None:
    """Take an organisation off the wall: a line with the date and the public reason stays; -1.

    `wording` replaces the public reason of the list. Raises BadReason, too.
    """
    reason = reasons.chosen(ReasonKind.REMOVE, code)
    words = texts({lang: text.strip() for lang, text in (wording or reason.wording).items()})
    if not (words.is_complete or (words and not wording)):
        raise reasons.BadReason(code)
    now, public = clock.now(), EndorsementState.PUBLISHED
    with _decided(actor, "remove", endorsement_id, seen, public) as (session, row, details):
        row.state, row.ended_at = EndorsementState.REMOVED, now
        row.public_reason = words
        count_out(session, row, Reason.INVALIDATED, now)
        _turn_down(session, actor, row, MailKind.ENDORSE_DECLINED, words.in_language(row.lang))
        details |= {"reason": words.in_language(languages.default()), "code": code, **words}


def reinstate(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Put a removed organisation back as it was; +1."""
    states = (EndorsementState.REMOVED,)
    with _decided(actor, "reinstate", endorsement_id, seen, *states, why=why, needs_contact=True) as decided:
        session, row, _ = decided
        version = next(shown for shown in row.versions if shown.state == VersionState.PUBLISHED)
        row.state, row.ended_at = EndorsementState.PUBLISHED, None
        row.public_reason, row.decision_reason = Texts(), ""
        count_in(session, row, version, Reason.REINSTATED, clock.now())
        enqueue(session, row, MailKind.ENDORSE_PUBLISHED)


def take_back(actor: Actor, endorsement_id: int, seen: SeenState) -> None:
    """Undo a first publication within TAKEN_BACK: it waits for review again, and no line stays; -1.

    Its mail is not sent, if it has not gone out yet.
    """
    with _decided(actor, "take_back", endorsement_id, seen) as (session, row, details):
        if not row.can_be_taken_back:
            raise CaseInWrongState
        version = row.newest
        if version.state == VersionState.PROPOSED:
            move_versions(row, VersionState.PUBLISHED, VersionState.SUPERSEDED)
        version.state, version.reviewed_at, version.reviewed_by = VersionState.PROPOSED, None, None
        row.state, row.published_at = EndorsementState.REVIEW, None
        count_out(session, row, Reason.INVALIDATED, clock.now())
        details["version"] = version.seq


def add_note(actor: Actor, endorsement_id: int, seen: SeenState, note: str) -> None:
    """Keep a note for colleagues in the history of the case."""
    with _decided(actor, "note", endorsement_id, seen, why=note):
        pass


def certify(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Record that staff have checked the organisation."""
    with _decided(actor, "certify", endorsement_id, seen, *_REVIEWED, why=why) as (_, row, details):
        if row.level == VerificationLevel.STAFF:
            raise CaseInWrongState
        details["before"], row.level = row.level, VerificationLevel.STAFF


def uncertify(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Take the staff's check back: the level that mail and website prove remains."""
    with _decided(actor, "uncertify", endorsement_id, seen, why=why) as (_, row, details):
        if row.level != VerificationLevel.STAFF:
            raise CaseInWrongState
        details["after"] = row.level = earned_level(row.mail_domain, row.shown.website)


def check_website(actor: Actor, endorsement_id: int, seen: SeenState) -> bool:
    """Look whether the website's DNS or file has the proof now: only somebody of the organisation can write there.

    The website is read between two transactions; it is the one that the level speaks for, never that of a correction.
    """
    with _locked(endorsement_id, seen) as (_, row):
        website = row.shown.website
    is_proved = check_site(website, site_proof(endorsement_id))
    with _decided(actor, "check_site", endorsement_id, seen) as (_, row, details):
        if is_proved and row.level in (VerificationLevel.MAIL, VerificationLevel.DOMAIN):
            row.level = VerificationLevel.SITE
        details |= {"found": is_proved, "website": website, "level": row.level}
    return is_proved


def merge(actor: Actor, endorsement_id: int, seen: SeenState, into_id: int, why: str) -> None:
    """Make an endorsement a duplicate of another one of its campaign; -1 when it was counted itself.

    Duplicates of it point to the other one now, so no link leads through two rows. Its mails stop with its state.
    """
    if endorsement_id == into_id:
        raise CaseInWrongState
    now = clock.now()
    with _decided(actor, "merge", endorsement_id, seen, *_REVIEWED, why=why, and_lock=into_id) as decided:
        session, row, details = decided
        into = session.get(Endorsement, into_id)
        if into is None:
            raise UnknownCase
        if into.state not in CORRECTABLE or into.campaign_id != row.campaign_id:
            raise CaseInWrongState
        details |= {"into": str(into.id), "before": row.state}
        if row.state == EndorsementState.PUBLISHED:
            count_out(session, row, Reason.INVALIDATED, now)
        row.state, row.merged_into_id, row.ended_at = EndorsementState.MERGED, into.id, now
        move_versions(row, VersionState.PROPOSED, VersionState.SUPERSEDED)
        session.execute(
            update(Endorsement).where(Endorsement.merged_into_id == row.id).values(merged_into_id=into.id)
        )
        record(session, actor, "endorsement.absorb", audit_name(into), reason=why, merged=str(row.id))


@contextmanager
def _decided(
    actor: Actor, verb: str, endorsement_id: int, seen: SeenState, *states: str, why: str = "", **locks: Any
) -> Iterator[tuple[Session, Endorsement, dict[str, Any]]]:
    """As _locked(); at the end the decision is recorded, with `why` and the details that were put into the mapping."""
    with _locked(endorsement_id, seen, *states, **locks) as (session, row):
        details: dict[str, Any] = {"reason": why}
        yield session, row, details
        record(session, actor, f"endorsement.{verb}", audit_name(row), **details)


@contextmanager
def _locked(
    endorsement_id: int, seen: SeenState, *states: str, needs_contact: bool = False, and_lock: int = 0
) -> Iterator[tuple[Session, Endorsement]]:
    """The row, locked until the transaction ends, in one of these states, or in any, and as it was seen, so that a second decision
    is refused; with `needs_contact` only while it has a contact, as an organisation on the wall must.
    """
    with transaction() as session:
        # With another row the smaller number first, so that two opposite merges cannot deadlock.
        both = select(Endorsement).where(Endorsement.id.in_((endorsement_id, and_lock)))
        locked = {row.id: row for row in session.scalars(both.order_by(Endorsement.id).with_for_update())}
        row = locked.get(endorsement_id)
        if row is None:
            raise UnknownCase
        now = SeenState.now(row)
        if now != seen:
            raise CaseChanged(now)
        if (states and row.state not in states) or (needs_contact and row.contact_number == NOBODY):
            raise CaseInWrongState
        yield session, row


def audit_name(row: Endorsement) -> str:
    """Its name in the audit log."""
    return f"endorsement:{row.id}"


def _waiting(row: Endorsement) -> EndorsementVersion:
    """The version to decide about. Raises CaseInWrongState."""
    if not row.is_to_review:
        raise CaseInWrongState
    return row.newest


def _turn_down(session: Session, actor: Actor, row: Endorsement, mail: MailKind, reason: str) -> None:
    """Decline what waits, and mail the reason as one paragraph."""
    for version in row.proposed:
        version.state, version.reviewed_at = VersionState.DECLINED, clock.now()
        version.reviewed_by = actor.staff_id
    row.decision_reason = " ".join(reason.split())
    enqueue(session, row, mail)
