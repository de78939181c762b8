"""The decisions of staff about an organisation: publish, ask for changes, decline, remove, reinstate, reopen, check, merge.

Each one locks the row, compares it with what the person saw, changes the states, enqueues the mail and is recorded in the
audit log, all in one transaction. Withdrawing is done by the organisation itself (own.py).
"""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.languages import Texts, texts
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
from pledge.endorsements.review.queries import TAKEN_BACK, SeenState
from pledge.endorsements.services import NOBODY, shown_version
from pledge.endorsements.verification.domains import earned_level
from pledge.endorsements.versions import lock, newest_version, supersede_proposed, version_in
from pledge.ledger.models import Reason
from pledge.mail.models import MailKind

#: States of cases without a level: over, or not begun.
_NOT_REVIEWED = (EndorsementState.PENDING, EndorsementState.MERGED)
#: The states of a duplicate, and of the endorsement that remains.
_DUPLICATE = (
    *(EndorsementState.REVIEW, EndorsementState.CHANGES, EndorsementState.PUBLISHED),
    *(EndorsementState.DECLINED, EndorsementState.WITHDRAWN, EndorsementState.REMOVED),
)
_REMAINING = (EndorsementState.REVIEW, EndorsementState.CHANGES, EndorsementState.PUBLISHED)


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
    """Put the waiting version on the wall; the one before is superseded; +1 the first time.

    Raises UnknownCase, CaseChanged, CaseInWrongState.
    """
    now = clock.now()
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        _require_contact(row)
        version = _waiting(session, row)
        before = version_in(session, row, VersionState.PUBLISHED)
        _move_version(session, row, VersionState.PUBLISHED, VersionState.SUPERSEDED)
        _move_version(session, row, VersionState.PROPOSED, VersionState.SUPERSEDED)
        version.state, version.reviewed_at, version.reviewed_by = VersionState.PUBLISHED, now, actor.staff_id
        first = row.state != EndorsementState.PUBLISHED
        if first:
            row.state, row.published_at, row.ended_at = EndorsementState.PUBLISHED, now, None
            row.public_reason = Texts()
            count_in(session, row, version, Reason.CONFIRMED, now)
        if before is not None and before.website != version.website and row.level != VerificationLevel.STAFF:
            # A level earned with another website says nothing about this one.
            row.level = earned_level(row.mail_domain, version.website)
        row.decision_reason = ""
        enqueue(session, row, MailKind.ENDORSE_PUBLISHED)
        record(session, actor, "endorsement.publish", subject(row), version=version.seq, first=first)


def ask_for_changes(actor: Actor, endorsement_id: int, seen: SeenState, code: str, note: str = "") -> None:
    """Return the waiting version with a reason. The published one stays on the wall.

    `note` is added to the mail in the applicant's language. Raises UnknownCase, CaseChanged, CaseInWrongState, BadReason.
    """
    reason = reasons.chosen(ReasonKind.CHANGES, code)
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        version = _waiting(session, row)
        _refuse_waiting(session, row, actor)
        if row.state == EndorsementState.REVIEW:
            row.state = EndorsementState.CHANGES
        row.decision_reason = _mail_reason(reason.wording.of(row.lang), note)
        enqueue(session, row, MailKind.ENDORSE_CHANGES)
        record(
            session,
            actor,
            "endorsement.ask_for_changes",
            subject(row),
            reason=row.decision_reason,
            version=version.seq,
            code=code,
        )


def decline(actor: Actor, endorsement_id: int, seen: SeenState, code: str, note: str = "") -> None:
    """Refuse an application that is not on the wall. Raises UnknownCase, CaseChanged, CaseInWrongState, BadReason."""
    reason = reasons.chosen(ReasonKind.DECLINE, code)
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        _require_state(row, EndorsementState.REVIEW, EndorsementState.CHANGES)
        _refuse_waiting(session, row, actor)
        row.state, row.ended_at = EndorsementState.DECLINED, clock.now()
        row.decision_reason = _mail_reason(reason.wording.of(row.lang), note)
        enqueue(session, row, MailKind.ENDORSE_DECLINED)
        record(session, actor, "endorsement.decline", subject(row), reason=row.decision_reason, code=code)


def reopen(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Take a declined case back into the queue. Raises UnknownCase, CaseChanged, CaseInWrongState."""
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        _require_state(row, EndorsementState.DECLINED)
        _require_contact(row)
        version = newest_version(session, row)
        if version.state != VersionState.DECLINED:
            raise CaseInWrongState  # they have applied again, and the mail of that is not confirmed yet
        version.state, version.reviewed_at, version.reviewed_by = VersionState.PROPOSED, None, None
        row.state, row.ended_at, row.decision_reason = EndorsementState.REVIEW, None, ""
        record(session, actor, "endorsement.reopen", subject(row), reason=why)


def remove(
    actor: Actor, endorsement_id: int, seen: SeenState, code: str, wording: Mapping[str, str] | None = None
) -> None:
    """Take an organisation off the wall: a line with the date and the public reason stays; -1.

    `wording` replaces the public reason of the list. Raises UnknownCase, CaseChanged, CaseInWrongState, BadReason.
    """
    reason = reasons.chosen(ReasonKind.REMOVE, code)
    said = texts({lang: text.strip() for lang, text in (wording or reason.wording).items()})
    if not (said.is_complete or (said and not wording)):
        raise reasons.BadReason(code)
    now = clock.now()
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        _require_state(row, EndorsementState.PUBLISHED)
        _refuse_waiting(session, row, actor)
        row.state, row.ended_at = EndorsementState.REMOVED, now
        row.public_reason = said
        row.decision_reason = _mail_reason(said.of(row.lang), "")
        count_out(session, row, Reason.INVALIDATED, now)
        enqueue(session, row, MailKind.ENDORSE_DECLINED)
        record(
            session,
            actor,
            "endorsement.remove",
            subject(row),
            reason=said.of(languages.default()),
            code=code,
            **said,
        )


def reinstate(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Put a removed organisation back as it was; +1. Raises UnknownCase, CaseChanged, CaseInWrongState."""
    now = clock.now()
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        _require_state(row, EndorsementState.REMOVED)
        _require_contact(row)
        version = version_in(session, row, VersionState.PUBLISHED)
        if version is None:
            raise CaseInWrongState
        row.state, row.ended_at = EndorsementState.PUBLISHED, None
        row.public_reason, row.decision_reason = Texts(), ""
        count_in(session, row, version, Reason.REINSTATED, now)
        enqueue(session, row, MailKind.ENDORSE_PUBLISHED)
        record(session, actor, "endorsement.reinstate", subject(row), reason=why)


def take_back(actor: Actor, endorsement_id: int, seen: SeenState) -> None:
    """Undo a first publication within TAKEN_BACK: it waits for review again, and no line stays; -1.

    Its mail is not sent, if it has not gone out yet. Raises UnknownCase, CaseChanged, CaseInWrongState.
    """
    now = clock.now()
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        _require_state(row, EndorsementState.PUBLISHED)
        if row.published_at is None or row.published_at <= now - TAKEN_BACK:
            raise CaseInWrongState
        version = newest_version(session, row)
        if version.state == VersionState.PROPOSED:
            _move_version(session, row, VersionState.PUBLISHED, VersionState.SUPERSEDED)
        version.state, version.reviewed_at, version.reviewed_by = VersionState.PROPOSED, None, None
        row.state, row.published_at = EndorsementState.REVIEW, None
        count_out(session, row, Reason.INVALIDATED, now)
        record(session, actor, "endorsement.take_back", subject(row), version=version.seq)


def add_note(actor: Actor, endorsement_id: int, seen: SeenState, note: str) -> None:
    """Keep a note for colleagues in the history of the case. Raises UnknownCase, CaseChanged."""
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        record(session, actor, "endorsement.note", subject(row), reason=note)


def certify(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Record that staff have checked the organisation. Raises UnknownCase, CaseChanged, CaseInWrongState."""
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        if row.state in _NOT_REVIEWED or row.level == VerificationLevel.STAFF:
            raise CaseInWrongState
        before, row.level = row.level, VerificationLevel.STAFF
        record(session, actor, "endorsement.certify", subject(row), reason=why, before=before)


def uncertify(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Take the staff's check back: the level that mail and website prove remains. Raises as `certify`."""
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        if row.level != VerificationLevel.STAFF:
            raise CaseInWrongState
        row.level = earned_level(row.mail_domain, shown_version(session, row).website)
        record(session, actor, "endorsement.uncertify", subject(row), reason=why, after=row.level)


def note_site_proof(actor: Actor, endorsement_id: int, seen: SeenState, found: bool) -> None:
    """Record whether the website's DNS or file has the proof. Only somebody of the organisation can write there.

    The website is read before, outside any transaction. Raises UnknownCase, CaseChanged.
    """
    with transaction() as session:
        row = _lock(session, endorsement_id, seen)
        website = shown_version(session, row).website
        if found and row.level in (VerificationLevel.MAIL, VerificationLevel.DOMAIN):
            row.level = VerificationLevel.SITE
        record(
            session,
            actor,
            "endorsement.check_site",
            subject(row),
            found=found,
            website=website,
            level=row.level,
        )


def merge(actor: Actor, endorsement_id: int, into_id: int, seen: SeenState, why: str) -> None:
    """Make an endorsement a duplicate of another one of its campaign; -1 when it was counted itself.

    Duplicates of it point to the other one now, so no link leads through two rows. Its mails stop with its state.
    Raises UnknownCase, CaseChanged, CaseInWrongState.
    """
    if endorsement_id == into_id:
        raise CaseInWrongState
    now = clock.now()
    with transaction() as session:
        # Both rows, the smaller number first, so that two opposite merges cannot deadlock.
        both = select(Endorsement.id).where(Endorsement.id.in_((endorsement_id, into_id)))
        session.execute(both.order_by(Endorsement.id).with_for_update())
        row = _lock(session, endorsement_id, seen)
        into = session.get(Endorsement, into_id)
        if into is None:
            raise UnknownCase
        _require_state(row, *_DUPLICATE)
        _require_state(into, *_REMAINING)
        if into.campaign_id != row.campaign_id:
            raise CaseInWrongState
        before = row.state
        if before == EndorsementState.PUBLISHED:
            count_out(session, row, Reason.INVALIDATED, now)
        row.state, row.merged_into_id, row.ended_at = EndorsementState.MERGED, into.id, now
        supersede_proposed(session, row)
        session.execute(
            update(Endorsement).where(Endorsement.merged_into_id == row.id).values(merged_into_id=into.id)
        )
        record(
            session, actor, "endorsement.merge", subject(row), reason=why, into=str(into.id), before=before
        )
        record(session, actor, "endorsement.absorb", subject(into), reason=why, merged=str(row.id))


def _lock(session: Session, endorsement_id: int, seen: SeenState) -> Endorsement:
    """The row, locked, if it is still as it was seen, so that a second decision is refused. Raises UnknownCase, CaseChanged."""
    row = lock(session, endorsement_id)
    if row is None:
        raise UnknownCase
    now = SeenState(EndorsementState(row.state), row.seq, VersionState(newest_version(session, row).state))
    if now != seen:
        raise CaseChanged(now)
    return row


def subject(row: Endorsement) -> str:
    """Its name in the audit log."""
    return f"endorsement:{row.id}"


def _require_state(row: Endorsement, *states: EndorsementState) -> None:
    """Raises CaseInWrongState unless the case is in one of the states."""
    if row.state not in states:
        raise CaseInWrongState


def _waiting(session: Session, row: Endorsement) -> EndorsementVersion:
    """The version to decide about. Raises CaseInWrongState."""
    _require_state(row, EndorsementState.REVIEW, EndorsementState.PUBLISHED)
    version = newest_version(session, row)
    if version.state != VersionState.PROPOSED:
        raise CaseInWrongState
    return version


def _require_contact(row: Endorsement) -> None:
    """Raise CaseInWrongState when the person has erased everything: an organisation on the wall must have a contact."""
    if row.contact_number == NOBODY:
        raise CaseInWrongState


def _move_version(session: Session, row: Endorsement, old: VersionState, new: VersionState) -> None:
    session.execute(
        update(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == row.id, EndorsementVersion.state == old)
        .values(state=new)
    )


def _refuse_waiting(session: Session, row: Endorsement, actor: Actor) -> None:
    session.execute(
        update(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == row.id, EndorsementVersion.state == VersionState.PROPOSED)
        .values(state=VersionState.DECLINED, reviewed_at=clock.now(), reviewed_by=actor.staff_id)
    )


def _mail_reason(reason: str, note: str) -> str:
    """The reason as one paragraph, as mails need it."""
    return " ".join(f"{reason} {note}".split())
