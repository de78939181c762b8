"""The table of stored files; what they hold lies in the storage (files/storage.py)."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.db import Model, UTCDateTime


class StoredFile(Model):
    """A picture (two sizes under one name) or a document. Random name: it tells nothing about who sent it."""

    __tablename__ = "stored_files"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]  #: bytes of the largest rendition
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: False until a row of a feature refers to it; what nobody keeps is deleted after a day.
    kept: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))

    __table_args__ = (
        CheckConstraint("kind IN ('picture', 'document')", name="kind"),
        Index(
            "ix_stored_files_unkept",
            "created_at",
            postgresql_where=text("NOT kept"),
            sqlite_where=text("NOT kept"),
        ),
    )
