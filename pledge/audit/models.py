"""The table of the audit log. Triggers refuse UPDATE, DELETE and TRUNCATE (migrations/versions/0001_initial.py)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import BigKey, UTCDateTime


@dataclass(frozen=True)
class Actor:
    """Who does something: a member of staff, the command line or the worker (`staff_id` None)."""

    staff_id: int | None
    name: str  #: the staff address, "command line", "worker", "signer" or "organisation"
    network: str  #: as `limits.client_network()` returns it, or ""


COMMAND_LINE = Actor(None, "command line", "")
WORKER = Actor(None, "worker", "")
#: Of a signer nobody knows more than which signature it is about.
SIGNER = Actor(None, "signer", "")
#: Of who speaks for an organisation, likewise.
ORGANIZATION = Actor(None, "organisation", "")


class AuditEntry(Model):
    """One act: who, when, from where, what, on what, why."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    staff_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(254))
    network: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(60))  #: `endorsement.publish`: area and verb
    subject: Mapped[str] = mapped_column(String(120))  #: `endorsement:123`; never a signer's name or address
    reason: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)  #: canonical JSON of an object; no personal data of signers
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))  #: 32 zero bytes for the first
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    __table_args__ = (
        # One entry follows another, so the chain cannot fork.
        UniqueConstraint("previous_hash"),
        Index("ix_audit_entries_subject", "subject"),
        Index("ix_audit_entries_at", "at"),
    )


class AuditWatched(Model):
    """Up to which entry the worker has told administrators what they must hear of (diagnosis/staff.py); one row."""

    __tablename__ = "audit_watched"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger)
