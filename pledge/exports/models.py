"""The table of exports."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime


class Export(Model):
    """Somebody of the staff took rows out. It never holds the personal data of signers."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  #: which rows (exports/services.py)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    format: Mapped[str] = mapped_column(String(4))
    lang: Mapped[str] = mapped_column(String(2))  #: of its heads and words
    asked_by: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("format IN ('csv', 'xlsx')", name="format"),)
