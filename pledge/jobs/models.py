"""The table of jobs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of, partial_index


class JobKind(StrEnum):
    PACK = "pack"  #: its subject is a delivery
    EXPORT = "export"
    DATA = "data"  #: its subject is a checkpoint


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"  #: while its lease lasts; then another worker starts it again
    DONE = "done"  #: the file is there
    FAILED = "failed"  #: given up after several attempts
    GONE = "gone"  #: the file was deleted when it expired


class Job(Model):
    """A file that the worker makes, so that no request waits for it."""

    __tablename__ = "delivery_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(6))
    subject_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(7))
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")  #: steps or rows, of `total`
    total: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    file: Mapped[str] = mapped_column(String(80), server_default="")  #: its name in the storage
    size: Mapped[int] = mapped_column(BigInteger, server_default="0")  #: bytes
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    rows: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str] = mapped_column(String(120), server_default="")  #: the kind of error, never its text
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: the file is deleted then; NULL: kept

    __table_args__ = (
        CheckConstraint(one_of("kind", JobKind), name="kind"),
        CheckConstraint(one_of("state", JobState), name="state"),
        Index("ix_delivery_jobs_subject", "kind", "subject_id"),
        partial_index("ix_delivery_jobs_open", "id", where="state IN ('waiting', 'running')"),
    )

    @property
    def percent(self) -> int:
        return 100 if self.state == JobState.DONE else 99 * self.done // self.total if self.total else 0
