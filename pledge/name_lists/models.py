"""The table of name lists."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of


class ListState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"  #: by a second person; the worker encrypts it
    REFUSED = "refused"  #: by a second person
    RETRACTED = "retracted"  #: by the person who requested it, before a decision


class NamedList(Model):
    """A list of the names of consenting signers, for a recipient that a law entitles to ask: requested by one person, approved by another."""

    __tablename__ = "named_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    #: Only signers who agreed to exactly these terms are on it.
    list_terms_id: Mapped[int] = mapped_column(ForeignKey("list_terms.id"))
    state: Mapped[str] = mapped_column(String(9))
    reason: Mapped[str] = mapped_column(Text)
    recipient_key: Mapped[str] = mapped_column(String(120))  #: the recipient's public key, `age1…`
    watermark: Mapped[str] = mapped_column(String(16), unique=True)  #: identifies this copy, in the file too
    asked_by: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None]
    decided_name: Mapped[str] = mapped_column(String(254), server_default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_why: Mapped[str] = mapped_column(Text, server_default="")
    people: Mapped[int | None] = mapped_column(BigInteger)  #: who agreed, counted at the approval
    unreadable: Mapped[int | None] = mapped_column(
        BigInteger
    )  #: names that no data key opens; the file says so too
    expired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: when its file was found to be deleted

    __table_args__ = (
        CheckConstraint(one_of("state", ListState), name="state"),
        CheckConstraint(
            "state NOT IN ('approved', 'refused') OR (asked_by IS NOT NULL AND decided_by IS NOT NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
    )
