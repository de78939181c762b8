"""Tables of bulk acts by staff (invalidating, undoing, holding, releasing), and the condition that selects signatures."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Float,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    false,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.functions import FunctionElement

from pledge.abuse.models import OriginKind
from pledge.abuse.origin_list import Origin
from pledge.accounts.two_people import Proposed
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of
from pledge.core.i18n import Phrase
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures.models import Signature


class InvalidationAct(StrEnum):
    """What is done with the signatures that are found."""

    #: Counted ones are taken out of the count, held ones never get into it; can be undone.
    INVALIDATE = "invalidate"
    #: Pending ones become held when they are confirmed.
    HOLD = "hold"
    #: Held ones are counted, and pending ones that would be held are when they are confirmed.
    RELEASE = "release"


#: What it did to the signatures, when it has been done.
DONE_LABELS = {
    InvalidationAct.INVALIDATE: Phrase("invalidation", "Taken out"),
    InvalidationAct.HOLD: Phrase("invalidation", "Put on hold"),
    InvalidationAct.RELEASE: Phrase("invalidation", "Released"),
}


class InvalidationState(StrEnum):
    PROPOSED = "proposed"  #: counted, with a sample; nothing has been done
    APPLYING = "applying"  #: approved; the worker takes the signatures out, batch by batch
    APPLIED = "applied"
    DISCARDED = "discarded"  #: never applied
    UNDOING = "undoing"  #: the worker puts back what is still as it left it
    UNDONE = "undone"


#: Not decided, or decided and not done yet: about a set of signatures there is one of these at a time.
OPEN = (InvalidationState.PROPOSED, InvalidationState.APPLYING)

#: As staff read them.
STATE_LABELS = {
    InvalidationState.PROPOSED: Phrase("invalidation", "Waits for a decision"),
    InvalidationState.APPLYING: Phrase("invalidation", "Being applied"),
    InvalidationState.APPLIED: Phrase("invalidation", "Applied"),
    InvalidationState.DISCARDED: Phrase("invalidation", "Discarded"),
    InvalidationState.UNDOING: Phrase("invalidation", "Being undone"),
    InvalidationState.UNDONE: Phrase("invalidation", "Undone"),
}


class InvalidationReason(StrEnum):
    """Why; the public totals name these."""

    AUTOMATED = "automated"  #: sign-ups by a program
    DISPOSABLE = "disposable"  #: throwaway addresses
    DUPLICATE = "duplicate"  #: one person with several addresses
    FALSE_IDENTITY = "false_identity"
    OTHER = "other"


#: As the public totals name them.
REASON_LABELS: dict[str, Phrase] = {
    InvalidationReason.AUTOMATED: Phrase("invalidation", "Made by a program"),
    InvalidationReason.DISPOSABLE: Phrase("invalidation", "Throwaway addresses"),
    InvalidationReason.DUPLICATE: Phrase("invalidation", "One person with several addresses"),
    InvalidationReason.FALSE_IDENTITY: Phrase("invalidation", "In somebody else’s name"),
    InvalidationReason.OTHER: Phrase("invalidation", "Other reasons"),
}


class NoCondition(ValueError):
    """Nothing, or nothing but a campaign, was named: that would be everybody."""


@dataclass(frozen=True)
class Condition:
    """What must be true of a signature, all of it; None excludes nothing."""

    campaign_id: int | None = None
    network_hash: bytes | None = None
    wide_network_hash: bytes | None = None
    domain_hash: bytes | None = None
    signed_from: datetime | None = None
    signed_until: datetime | None = None
    faster_than: int | None = None  #: seconds from the mail to the confirmation

    def check(self) -> None:
        """Raises NoCondition."""
        if replace(self, campaign_id=None) == Condition():
            raise NoCondition

    @property
    def origin(self) -> Origin:
        """The network or domain in a campaign that it names; what allows one has both, by a constraint."""
        kind = next(kind for kind in OriginKind if getattr(self, f"{kind}_hash", None))
        return Origin(self.campaign_id or 0, kind, getattr(self, f"{kind}_hash"))

    def matches(self) -> Sequence[ColumnElement[bool]]:
        """SQL conditions on Signature; none on its state."""
        same = ("campaign_id", "network_hash", "wide_network_hash", "domain_hash")
        conditions = [
            getattr(Signature, name) == value for name in same if (value := getattr(self, name)) is not None
        ]
        if self.signed_from is not None:
            conditions.append(Signature.submitted_at >= self.signed_from)
        if self.signed_until is not None:
            conditions.append(Signature.submitted_at < self.signed_until)
        if self.faster_than is not None:
            conditions.append(seconds_to_confirm() < self.faster_than)
        return conditions


class Invalidation(Proposed, Model):
    """One bulk act: what, by which condition, why, who proposed and approved it, and how far it has come."""

    __tablename__ = "invalidations"

    id: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[str] = mapped_column(String(10), server_default=InvalidationAct.INVALIDATE.value)
    state: Mapped[str] = mapped_column(String(10))
    #: For the public totals; NULL where nothing is taken out of the count.
    reason: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)  #: for staff
    #: Read by the version before only: everybody is told by mail, with the way to object.
    notify: Mapped[bool] = mapped_column(default=True)
    #: Of a release: with its approval, what comes from its network or domain later is allowed (abuse/origin_list.py).
    allows: Mapped[bool] = mapped_column(default=False, server_default=false())

    # The condition: what is not NULL must hold, all of it. Network and domain stay keyed hashes, as they can be a person's.
    campaign_id: Mapped[int | None]
    network_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    wide_network_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    domain_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    signed_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    signed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    faster_than: Mapped[int | None]  #: seconds from the mail to the confirmation

    matched: Mapped[int]  #: how many were found when it was proposed: no others are ever taken
    applied: Mapped[int] = mapped_column(server_default="0")
    reinstated: Mapped[int] = mapped_column(server_default="0")

    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_name: Mapped[str | None] = mapped_column(String(254))  #: who discarded it or undid it
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_why: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(one_of("act", InvalidationAct), name="act"),
        CheckConstraint(one_of("state", InvalidationState), name="state"),
        CheckConstraint(one_of("reason", InvalidationReason), name="reason"),
        CheckConstraint("(act = 'invalidate') = (reason IS NOT NULL)", name="reason_to_take_out"),
        CheckConstraint("returned_why IS NULL OR state = 'discarded'", name="returned"),
        CheckConstraint(
            "NOT allows OR (act = 'release' AND campaign_id IS NOT NULL AND"
            " (network_hash IS NOT NULL OR wide_network_hash IS NOT NULL OR domain_hash IS NOT NULL))",
            name="allows_an_origin",
        ),
        CheckConstraint(
            "state <> 'proposed' OR network_hash IS NOT NULL OR wide_network_hash IS NOT NULL OR domain_hash IS NOT NULL"
            " OR signed_from IS NOT NULL OR signed_until IS NOT NULL OR faster_than IS NOT NULL",
            name="has_condition",
        ),
    )

    @property
    def condition(self) -> Condition:
        return Condition(**{field.name: getattr(self, field.name) for field in fields(Condition)})


class InvalidationTarget(Model):
    """A signature that an invalidation is still to take: the set is fixed when it is counted, and shrinks as it is applied."""

    __tablename__ = "invalidation_targets"

    invalidation_id: Mapped[int] = mapped_column(ForeignKey("invalidations.id"), primary_key=True)
    signature_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


def seconds_to_confirm() -> ColumnElement[float]:
    """Seconds from the first mail about a signature to its confirmation; from signing when the outbox no longer has that mail.

    The first mail and not the last: somebody who asked for it again and was then quick is no robot. A mail is marked as sent a
    moment after it went out, so a robot's figure can lie below zero.
    """
    mailed = (
        select(func.min(OutboxMail.sent_at))
        .where(
            OutboxMail.subject_id == Signature.id,
            OutboxMail.kind == MailKind.CONFIRM,
        )
        .scalar_subquery()
    )
    return seconds_between(func.coalesce(mailed, Signature.submitted_at), Signature.confirmed_at)


class seconds_between(FunctionElement[float]):  # noqa: N801  # reads as the SQL function that neither database has
    """`seconds_between(start, end)`: the time from one moment to another as a number."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "postgresql")
def _on_postgresql(element: seconds_between, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(part, **options) for part in element.clauses)
    return f"EXTRACT(EPOCH FROM ({end} - {start}))"


@compiles(seconds_between, "sqlite")
def _on_sqlite(element: seconds_between, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(part, **options) for part in element.clauses)
    return f"((julianday({end}) - julianday({start})) * 86400.0)"
