"""The register of deliveries: handed over to whom and when, and what was answered.

Every use case locks the delivery's row, checks its state and is recorded in the audit log in the same transaction. Wrong
entries are corrected with a reason; the audit log keeps the former ones.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import note, record
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.deliveries.models import HANDED_OVER_STATES, Channel, Delivery, DeliveryState
from pledge.jobs import services as jobs
from pledge.jobs.models import Job, JobKind, JobState

MAX_RECEIPT = 100
MAX_ANSWER = 10_000
MAX_REASON = 1000


class NoSuchDelivery(LookupError):
    """There is no delivery of this number."""


class DeliveryInWrongState(Exception):
    """The delivery is not, or no longer, in a state that allows this."""


class PackNotMade(Exception):
    """Its pack is not finished, so there is nothing that could have been handed over."""


class EntryFault(StrEnum):
    """The faults of an entry, besides those of `campaigns.rules.FieldFault`."""

    CHANNEL = "channel"
    FUTURE = "future"
    TOO_EARLY = "too_early"  #: before it was frozen, or answered before it was handed over
    BEFORE_HANDING_OVER = "before_handing_over"  #: an answer that would be due before
    TOO_LATE = "too_late"  #: handed over after the answer


class BadEntry(ValueError):
    """The entry is not valid; `faults` has what is wrong with each field."""

    def __init__(self, faults: Mapping[str, Enum]) -> None:
        super().__init__(", ".join(f"{field}: {fault.name.lower()}" for field, fault in faults.items()))
        self.faults = dict(faults)


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

    Raises NoSuchDelivery, DeliveryInWrongState, PackNotMade, BadEntry.
    """
    with _locked(delivery_id, DeliveryState.FROZEN, *HANDED_OVER_STATES) as (session, row):
        is_correction = row.state != DeliveryState.FROZEN
        if not is_correction and not _has_pack(session, row):
            raise PackNotMade
        checker = Checker()
        reason = checker.line("reason", reason, MAX_REASON, required=is_correction)
        before = HandingOver(row.handed_over_at, row.channel or "", row.receipt_number, row.answer_due)
        after = _handing_over(row, entry, checker)
        row.recorded_at = clock.now()
        if not is_correction:
            row.state = DeliveryState.HANDED_OVER
        verb = "correct" if is_correction else "hand_over"
        _keep(session, actor, row, verb, reason if is_correction else "", before, after)


def answer(actor: Actor, delivery_id: int, entry: Answer, reason: str = "") -> None:
    """Record the recipient's answer, or correct it, which needs a reason.

    Raises NoSuchDelivery, DeliveryInWrongState, BadEntry.
    """
    with _locked(delivery_id, *HANDED_OVER_STATES) as (session, row):
        is_correction = row.state == DeliveryState.ANSWERED
        checker = Checker()
        reason = checker.line("answer_reason", reason, MAX_REASON, required=is_correction)
        before, after = Answer(row.answered_at, row.answer), _answer(row, entry, checker)
        row.state = DeliveryState.ANSWERED
        verb = "correct_answer" if is_correction else "answer"
        _keep(session, actor, row, verb, reason if is_correction else "", before, after)


def discard(actor: Actor, delivery_id: int, why: str) -> None:
    """Give up a delivery that was not handed over; its pack is deleted. Raises NoSuchDelivery, DeliveryInWrongState."""
    with _locked(delivery_id, DeliveryState.FROZEN) as (session, row):
        row.state = DeliveryState.DISCARDED
        jobs.drop(session, JobKind.PACK, delivery_id)
        record(session, actor, "delivery.discard", f"delivery:{delivery_id}", reason=why)


def note_download(actor: Actor, delivery_id: int, sha256: str) -> None:
    """Record that somebody downloaded the pack; before its first byte is sent."""
    note(actor, "delivery.download", f"delivery:{delivery_id}", sha256=sha256)


@contextmanager
def _locked(delivery_id: int, *states: DeliveryState) -> Iterator[tuple[Session, Delivery]]:
    """The row in one of these states, locked until the transaction ends. Raises NoSuchDelivery, DeliveryInWrongState."""
    with transaction() as session:
        row = session.scalar(select(Delivery).where(Delivery.id == delivery_id).with_for_update())
        if row is None:
            raise NoSuchDelivery(delivery_id)
        if row.state not in states:
            raise DeliveryInWrongState
        yield session, row


def _has_pack(session: Session, row: Delivery) -> bool:
    made = select(Job.id).where(
        Job.kind == JobKind.PACK, Job.subject_id == row.id, Job.state == JobState.DONE
    )
    return session.scalar(made.limit(1)) is not None


def _handing_over(row: Delivery, entry: HandingOver, checker: Checker) -> HandingOver:
    """The entry as it will be kept. Raises BadEntry."""
    receipt = checker.line("receipt_number", entry.receipt_number, MAX_RECEIPT)
    wrong = _wrong_moment("handed_over_at", entry.handed_over_at, not_before=row.frozen_at)
    if row.answered_at and entry.handed_over_at and _minute(entry.handed_over_at) > row.answered_at:
        wrong.setdefault("handed_over_at", EntryFault.TOO_LATE)
    if (
        entry.answer_due
        and entry.handed_over_at
        and entry.answer_due < entry.handed_over_at.astimezone(SEOUL).date()
    ):
        wrong["answer_due"] = EntryFault.BEFORE_HANDING_OVER
    if entry.channel not in set(Channel):
        wrong["channel"] = EntryFault.CHANNEL
    _finish(checker, wrong)
    return HandingOver(entry.handed_over_at, entry.channel, receipt, entry.answer_due)


def _answer(row: Delivery, entry: Answer, checker: Checker) -> Answer:
    """As _handing_over, for an answer. Raises BadEntry."""
    stripped = {lang: text.strip() for lang, text in entry.answer.items()}
    kept = checker.texts("answer", stripped, MAX_ANSWER, required=True)
    wrong = _wrong_moment("answered_at", entry.answered_at, not_before=row.handed_over_at)
    _finish(checker, wrong)
    return Answer(entry.answered_at, Texts({lang: text.strip() for lang, text in kept.items()}))


def _wrong_moment(field: str, moment: datetime | None, *, not_before: datetime | None) -> dict[str, Enum]:
    if moment is None:
        return {field: FieldFault.MISSING}
    if moment > clock.now():
        return {field: EntryFault.FUTURE}
    if not_before is not None and moment < _minute(not_before):
        return {field: EntryFault.TOO_EARLY}
    return {}


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _finish(checker: Checker, wrong: Mapping[str, Enum]) -> None:
    if faults := {**checker.faults, **wrong}:
        raise BadEntry(faults)


def _keep(
    session: Session, actor: Actor, row: Delivery, verb: str, reason: str, *entries: HandingOver | Answer
) -> None:
    """Store and record an entry; `reason` is that of a correction, `entries` the former one and this one."""
    before, after = entries
    for name, value in vars(after).items():
        setattr(row, name, value)
    said = _plain(after)
    details: dict[str, Any] = (
        {"reason": reason, "before": _plain(before), "after": said} if reason else {**said}
    )
    record(session, actor, f"delivery.{verb}", f"delivery:{row.id}", **details)


def _plain(entry: HandingOver | Answer) -> dict[str, str]:
    """The entry in the form of the audit log."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value or "")
        for name, value in languages.as_fields(vars(entry)).items()
    }
