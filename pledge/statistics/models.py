"""The one table of statistics: what was last told of a region. Everything else is read from the ledger."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime


class RegionToday(Model):
    """The line "12 people from Busan today" of a campaign, as it is shown until another replaces it (today.py)."""

    __tablename__ = "regions_today"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The number of the last entry of the campaign's log that it takes in.
    number: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[str] = mapped_column(String(10))  #: in Korea: `2026-11-24`
    region: Mapped[str] = mapped_column(String(6))
    people: Mapped[int]

    __table_args__ = (CheckConstraint("people >= 5", name="people"),)
