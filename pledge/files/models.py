"""The table of stored files; what they hold lies in the storage (files/storage.py)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime


class FileKind(StrEnum):
    PICTURE = "picture"
    DOCUMENT = "document"


class StoredFile(Model):
    """A picture (two sizes under one name) or a document. Random name: it tells nothing about who sent it."""

    __tablename__ = "stored_files"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]  #: bytes of the largest rendition
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: None while a row of a feature refers to it. A new file has a day to be kept; a discarded one goes with the next sweep.
    delete_after: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('picture', 'document')", name="kind"),
        Index(
            "ix_stored_files_delete_after",
            "delete_after",
            postgresql_where=text("delete_after IS NOT NULL"),
            sqlite_where=text("delete_after IS NOT NULL"),
        ),
    )
