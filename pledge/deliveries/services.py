"""The register of deliveries: handed over to whom and when, and what was answered, which a second person publishes.

Every use case locks the delivery's row, checks its state and is recorded in the audit log in the same transaction. Wrong
entries are corrected with a reason; the audit log keeps the former ones.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.accounts.two_people import WrongState
from pledge.audit.models import Actor
from pledge.audit.services import MAX_REASON, note, record
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.deliveries.models import (
    HANDED_OVER_STATES,
    AnswerState,
    Channel,
    Delivery,
    DeliveryAnswer,
    DeliveryState,
)
from pledge.files import services as files
from pledge.files.models import StoredFile
from pledge.jobs import services as jobs
from pledge.jobs.models import Job, JobKind, JobState
from pledge.ledger import services as ledger
from pledge.ledger.models import StatementKind

MAX_RECEIPT = 100
MAX_ANSWER = 10_000


class NoSuchDelivery(LookupError):
    """There is no delivery of this number."""


class PackNotMade(Exception):
    """Its pack is not finished, so there is nothing that could have been handed over."""


@dataclass(frozen=True)
class HandingOver:
    """How a delivery reached its recipient. The moment is stored to the minute."""

    handed_over_at: datetime | None
    channel: str
    receipt_number: str = ""
    answer_due: date | None = None  #: a Korean day


@dataclass(frozen=True)
class Answer:
    """What the recipient replied, for the public page: in the language `original`, and translations of it."""

    answered_at: datetime | None
    original: str
    answer: Texts


def hand_over(actor: Actor, delivery_id: int, entry: HandingOver, reason: str = "") -> None:
    """Record that it was handed over, or correct what was recorded of it, which needs a reason.

    Raises NoSuchDelivery, WrongState, PackNotMade, BadFields.
    """
    with _locked(delivery_id, DeliveryState.FROZEN, *HANDED_OVER_STATES) as (session, row):
        is_correction = row.state != DeliveryState.FROZEN
        if not is_correction and not _has_pack(session, row):
            raise PackNotMade
        checker = Checker()
        reason = checker.line("reason", reason, MAX_REASON, required=is_correction)
        after = _handing_over(row, entry, checker)
        verb = "correct" if is_correction else "hand_over"
        _keep(session, actor, row, after, verb=verb, reason=reason)
        row.recorded_at = clock.now()
        if not is_correction:
            row.state = DeliveryState.HANDED_OVER
            _state(session, row, StatementKind.LETTER, row.letter)


def answer(
    actor: Actor, delivery_id: int, entry: Answer, reason: str = "", *, document: str = "", seen: str = ""
) -> None:
    """Enter the recipient's answer, or a correction of it, which needs a reason; a second person publishes it.

    `document`: the recipient's own, in `files`; "" keeps the one of the version before. `seen`: the stamp of the version that waits.
    Raises NoSuchDelivery, WrongState, BadFields, UnknownFile, NeedsSecondPerson (who enters it must be known by an account).
    """
    with _locked(delivery_id, *HANDED_OVER_STATES) as (session, delivery):
        published, row = delivery.published_answer, delivery.open_answer
        if seen != (row.stamp if row else ""):
            raise WrongState
        checker = Checker()
        reason = checker.line("answer_reason", reason, MAX_REASON, required=published is not None)
        kept = _answer(delivery, entry, checker)
        if row is None:
            row = DeliveryAnswer(delivery_id=delivery_id, document="")
            if published:
                row.document, row.document_sha256 = published.document, published.document_sha256
        if document:
            _drop_document(session, delivery, row)
            files.keep(session, document)
            stored = select(StoredFile.sha256).where(StoredFile.name == document)
            row.document, row.document_sha256 = document, session.scalars(stored).one()
        for name, value in vars(kept).items():
            setattr(row, name, value)
        row.propose(actor, AnswerState.PROPOSED)
        session.add(row)
        _record_answer(session, actor, row, "correct_answer" if published else "answer", reason=reason)


def publish_answer(actor: Actor, delivery_id: int, seen: str) -> None:
    """Publish the answer as a second person: the log says for good what its words are.

    Raises NoSuchDelivery, WrongState, NeedsSecondPerson, InvitedLately.
    """
    with _locked(delivery_id, *HANDED_OVER_STATES) as (session, delivery):
        before = delivery.published_answer
        row = _open_answer(delivery, seen, AnswerState.PROPOSED)
        row.decide(session, actor, AnswerState.PUBLISHED)
        delivery.state = DeliveryState.ANSWERED
        if before is None or before.statement != row.statement:
            _state(session, delivery, StatementKind.ANSWER, row.statement)
        _record_answer(session, actor, row, "publish_answer")


def send_back_answer(actor: Actor, delivery_id: int, seen: str, reason: str) -> None:
    """Return a version to whoever entered it, or as its author take it back: then it is deleted.

    Raises NoSuchDelivery, WrongState, NoReason.
    """
    with _locked(delivery_id, *HANDED_OVER_STATES) as (session, delivery):
        row = _open_answer(delivery, seen, AnswerState.PROPOSED, AnswerState.RETURNED)
        if row.proposed_by == actor.staff_id:
            _drop_document(session, delivery, row)
            session.delete(row)
        else:
            row.send_back(actor, AnswerState.RETURNED, reason)
        _record_answer(session, actor, row, "send_back_answer", reason=reason)


def discard(actor: Actor, delivery_id: int, why: str) -> None:
    """Give up a delivery that was not handed over; its pack is deleted. Raises NoSuchDelivery, WrongState."""
    with _locked(delivery_id, DeliveryState.FROZEN) as (session, row):
        row.state = DeliveryState.DISCARDED
        jobs.drop(session, JobKind.PACK, delivery_id)
        record(session, actor, "delivery.discard", f"delivery:{delivery_id}", reason=why)


def note_download(actor: Actor, delivery_id: int, sha256: str) -> None:
    """Record that somebody downloaded the pack; before its first byte is sent."""
    note(actor, "delivery.download", f"delivery:{delivery_id}", sha256=sha256)


@contextmanager
def _locked(delivery_id: int, *states: DeliveryState) -> Iterator[tuple[Session, Delivery]]:
    """The row in one of these states, locked until the transaction ends. Raises NoSuchDelivery, WrongState."""
    with transaction() as session:
        row = session.scalar(select(Delivery).where(Delivery.id == delivery_id).with_for_update())
        if row is None:
            raise NoSuchDelivery(delivery_id)
        if row.state not in states:
            raise WrongState
        yield session, row


def _state(session: Session, row: Delivery, kind: StatementKind, words: Texts) -> None:
    """Have the log say, for good, what these words are."""
    ledger.state(session, campaign_id=row.campaign_id, kind=kind, about=row.id, words=words, at=clock.now())


def _open_answer(delivery: Delivery, seen: str, *states: AnswerState) -> DeliveryAnswer:
    """The version that waits, as it was seen. Raises WrongState."""
    row = delivery.open_answer
    if row is None or row.state not in states or row.stamp != seen:
        raise WrongState
    return row


def _drop_document(session: Session, delivery: Delivery, row: DeliveryAnswer) -> None:
    """Discard the document of a version that waits, unless a published version has it too."""
    if row.document not in {version.document for version in delivery.answers if version is not row}:
        files.discard(session, row.document)


def _record_answer(session: Session, actor: Actor, row: DeliveryAnswer, verb: str, **details: str) -> None:
    details |= {**_plain(row.content), "document": row.document_hash}
    record(session, actor, f"delivery.{verb}", f"delivery:{row.delivery_id}", **details)


def _has_pack(session: Session, row: Delivery) -> bool:
    made = select(Job.id).where(
        Job.kind == JobKind.PACK, Job.subject_id == row.id, Job.state == JobState.DONE
    )
    return session.scalar(made.limit(1)) is not None


def _handing_over(row: Delivery, entry: HandingOver, check: Checker) -> HandingOver:
    """The entry as it will be kept. Raises BadFields."""
    receipt = check.line("receipt_number", entry.receipt_number, MAX_RECEIPT)
    _check_moment(check, "handed_over_at", entry.handed_over_at, not_before=row.frozen_at)
    if entry.handed_over_at:
        if row.answered_at and _minute(entry.handed_over_at) > row.answered_at:
            check.add("handed_over_at", FieldFault.AFTER_ANSWER)
        if entry.answer_due and entry.answer_due < entry.handed_over_at.astimezone(SEOUL).date():
            check.add("answer_due", FieldFault.BEFORE_HANDING_OVER)
    if entry.channel not in set(Channel):
        check.add("channel", FieldFault.CHOICE)
    check.finish()
    return HandingOver(entry.handed_over_at, entry.channel, receipt, entry.answer_due)


def _answer(row: Delivery, entry: Answer, check: Checker) -> Answer:
    """As _handing_over, for an answer. Raises BadFields."""
    stripped = {lang: text.strip() for lang, text in entry.answer.items()}
    kept = check.texts("answer", stripped, MAX_ANSWER)
    if entry.original not in languages.codes():
        check.add("original", FieldFault.CHOICE)
    elif not kept[entry.original]:
        check.add(f"answer_{entry.original}", FieldFault.MISSING)
    _check_moment(check, "answered_at", entry.answered_at, not_before=row.handed_over_at)
    check.finish()
    words = Texts({lang: text.strip() for lang, text in kept.items()})
    return Answer(entry.answered_at, entry.original, words)


def _check_moment(
    check: Checker, field: str, moment: datetime | None, *, not_before: datetime | None
) -> None:
    if moment is None:
        check.add(field, FieldFault.MISSING)
    elif moment > clock.now():
        check.add(field, FieldFault.NOT_YET)
    elif not_before is not None and moment < _minute(not_before):
        check.add(field, FieldFault.TOO_EARLY, moment=not_before)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _keep(
    session: Session, actor: Actor, row: Delivery, entry: HandingOver, *, verb: str, reason: str
) -> None:
    """Store and record an entry; with the former one and the `reason` where it corrects one."""
    before, after = {name: getattr(row, name) for name in vars(entry)}, vars(entry)
    for name, value in after.items():
        setattr(row, name, value)
    details: dict[str, Any] = _plain(after)
    if verb.startswith("correct"):
        details = {"reason": reason, "before": _plain(before), "after": details}
    record(session, actor, f"delivery.{verb}", f"delivery:{row.id}", **details)


def _plain(entry: Mapping[str, Any]) -> dict[str, str]:
    """The entry in the form of the audit log."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value or "")
        for name, value in languages.as_fields(entry).items()
    }
