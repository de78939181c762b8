"""The table of stored files; their content is in the storage (files/storage.py)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, partial_index


class FileKind(StrEnum):
    PICTURE = "picture"
    DOCUMENT = "document"
    VIDEO = "video"
    SCAN = "scan"  #: of sheets with names on them: encrypted, for staff only


class StoredFile(Model):
    """A picture in its sizes, a document, a video or a scan. The random name reveals nothing about the sender."""

    __tablename__ = "stored_files"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]  #: bytes of the largest rendition
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: NULL while a row refers to it. A new file is kept for a day; a discarded one is deleted by the next sweep.
    delete_after: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('picture', 'document', 'video', 'scan')", name="kind"),
        partial_index("ix_stored_files_delete_after", "delete_after", where="delete_after IS NOT NULL"),
    )
