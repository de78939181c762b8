"""The tables of bulk acts by staff: taking signatures out of the count, which can be undone, and deciding about those that are
held.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of


class InvalidationAct(StrEnum):
    """What is done with the signatures that are found."""

    INVALIDATE = "invalidate"  #: counted ones are taken out of the count; can be undone
    HOLD = "hold"  #: pending ones become held when they are confirmed
    CLEAR = "clear"  #: pending ones that would become held are counted when they are confirmed
    RELEASE = "release"  #: held ones are counted
    REFUSE = "refuse"  #: held ones are never counted; can be undone: they are held again


class InvalidationState(StrEnum):
    PROPOSED = "proposed"  #: counted, with a sample; nothing has been done
    APPLYING = "applying"  #: approved; the worker takes the signatures out, batch by batch
    APPLIED = "applied"
    DISCARDED = "discarded"  #: never applied
    UNDOING = "undoing"  #: the worker puts back what is still as it left it
    UNDONE = "undone"


class InvalidationReason(StrEnum):
    """Why; the public totals name these."""

    AUTOMATED = "automated"  #: sign-ups by a program
    DISPOSABLE = "disposable"  #: throwaway addresses
    DUPLICATE = "duplicate"  #: one person with several addresses
    FALSE_IDENTITY = "false_identity"
    OTHER = "other"


class Invalidation(Model):
    """One bulk act: what, by which condition, why, who proposed and approved it, and how far it has come."""

    __tablename__ = "invalidations"

    id: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[str] = mapped_column(String(10), server_default=InvalidationAct.INVALIDATE.value)
    state: Mapped[str] = mapped_column(String(10))
    #: For the public totals; NULL where nothing is taken out of the count.
    reason: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)  #: for staff
    notify: Mapped[bool]  #: whether each signer is told by mail, with the way to object

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

    # Numbers and names of staff as the audit log has them; an account may be closed later.
    proposed_by: Mapped[int | None]
    proposed_name: Mapped[str] = mapped_column(String(254))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by: Mapped[int | None]
    approved_name: Mapped[str | None] = mapped_column(String(254))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_name: Mapped[str | None] = mapped_column(String(254))  #: who discarded it or undid it
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_why: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(one_of("act", InvalidationAct), name="act"),
        CheckConstraint(one_of("state", InvalidationState), name="state"),
        CheckConstraint(one_of("reason", InvalidationReason), name="reason"),
        CheckConstraint(
            "(act IN ('invalidate', 'refuse')) = (reason IS NOT NULL)", name="reason_to_take_out"
        ),
        CheckConstraint(
            "state <> 'proposed' OR network_hash IS NOT NULL OR wide_network_hash IS NOT NULL OR domain_hash IS NOT NULL"
            " OR signed_from IS NOT NULL OR signed_until IS NOT NULL OR faster_than IS NOT NULL",
            name="has_condition",
        ),
    )


class InvalidationTarget(Model):
    """A signature that an invalidation is still to take: the set is fixed when it is counted, and shrinks as it is applied."""

    __tablename__ = "invalidation_targets"

    invalidation_id: Mapped[int] = mapped_column(ForeignKey("invalidations.id"), primary_key=True)
    signature_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
