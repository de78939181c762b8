"""What is shown until the worker has made something newer. Everything else is read from the ledger."""

from datetime import datetime, timedelta

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Interval, String
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime


class RegionToday(Model):
    """The line "12 people from Busan today" of a campaign, as it is shown until another replaces it (places.py)."""

    __tablename__ = "regions_today"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The number of the last entry of the campaign's log that it takes in.
    number: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[str] = mapped_column(String(10))  #: in Korea: `2026-11-24`
    region: Mapped[str] = mapped_column(String(6))
    people: Mapped[int]

    __table_args__ = (CheckConstraint("people >= 5", name="people"),)


class PlacesSnapshot(Model):
    """People by region and by country of a campaign, small cells merged, as everybody sees them (places.py)."""

    __tablename__ = "published_places"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The checkpoint whose people these are.
    log_size: Mapped[int] = mapped_column(BigInteger)
    signed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    people: Mapped[int] = mapped_column(BigInteger)
    organizations: Mapped[int] = mapped_column(BigInteger)
    #: Pairs of a key (a code, `none` or `other`) and its people, in the order in which they are shown.
    regions: Mapped[list[tuple[str, int]]] = mapped_column(JSON)
    countries: Mapped[list[tuple[str, int]]] = mapped_column(JSON)


class IntegrityReport(Model):
    """What became of the sign-ups of a campaign (integrity.py)."""

    __tablename__ = "integrity_reports"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(UTCDateTime)
    took: Mapped[timedelta] = mapped_column(Interval)
    confirmed: Mapped[int] = mapped_column(BigInteger)
    submitted: Mapped[int | None] = mapped_column(BigInteger)
    uncounted: Mapped[dict[str, int | None]] = mapped_column(JSON)
