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
    RETRACTED = "retracted"  #: by who asked for it, before anybody decided


class NamedList(Model):
    """A list of the names of those who agreed to it, for a recipient that the law lets ask: asked for by one, allowed by another."""

    __tablename__ = "named_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    #: Only who agreed to these very terms is on it.
    list_terms_id: Mapped[int] = mapped_column(ForeignKey("list_terms.id"))
    state: Mapped[str] = mapped_column(String(9))
    reason: Mapped[str] = mapped_column(Text)
    recipient_key: Mapped[str] = mapped_column(String(120))  #: the recipient's public key, `age1…`
    watermark: Mapped[str] = mapped_column(String(16), unique=True)  #: which copy it is, stands in the file
    asked_by: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None]
    decided_name: Mapped[str] = mapped_column(String(254), server_default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_why: Mapped[str] = mapped_column(Text, server_default="")
    people: Mapped[int | None] = mapped_column(BigInteger)  #: who agreed, counted when it was approved
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
