"""The register of deliveries: handed over to whom and when, and what was answered.

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
from pledge.deliveries.models import HANDED_OVER_STATES, Channel, Delivery, DeliveryState
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
    """What the recipient replied, for the public page, in every language."""

    answered_at: datetime | None
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


def answer(actor: Actor, delivery_id: int, entry: Answer, reason: str = "") -> None:
    """Record the recipient's answer, or correct it, which needs a reason.

    Raises NoSuchDelivery, WrongState, BadFields.
    """
    with _locked(delivery_id, *HANDED_OVER_STATES) as (session, row):
        is_correction = row.state == DeliveryState.ANSWERED
        checker = Checker()
        reason = checker.line("answer_reason", reason, MAX_REASON, required=is_correction)
        after = _answer(row, entry, checker)
        verb = "correct_answer" if is_correction else "answer"
        has_new_words = not is_correction or after.answer != row.answer
        _keep(session, actor, row, after, verb=verb, reason=reason)
        row.state = DeliveryState.ANSWERED
        if has_new_words:
            _state(session, row, StatementKind.ANSWER, after.answer)


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
    kept = check.texts("answer", stripped, MAX_ANSWER, required=True)
    _check_moment(check, "answered_at", entry.answered_at, not_before=row.handed_over_at)
    check.finish()
    return Answer(entry.answered_at, Texts({lang: text.strip() for lang, text in kept.items()}))


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
    session: Session, actor: Actor, row: Delivery, entry: HandingOver | Answer, *, verb: str, reason: str
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
