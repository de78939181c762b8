"""What is shown until the worker has made something newer. Everything else is read from the ledger."""

from datetime import datetime, timedelta

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Interval, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pledge.campaigns.models import Campaign
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime
from pledge.statistics.breakdowns import country_cell, region_cell
from pledge.statistics.cells import Cell


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
    as_of: Mapped[datetime] = mapped_column("signed_at", UTCDateTime)
    people: Mapped[int] = mapped_column(BigInteger)
    organizations: Mapped[int] = mapped_column(BigInteger)
    #: Pairs of a key (a code, `none` or `other`) and its people, in the order in which they are shown.
    regions: Mapped[list[tuple[str, int]]] = mapped_column(JSON)
    countries: Mapped[list[tuple[str, int]]] = mapped_column(JSON)

    @property
    def by_region(self) -> list[Cell]:
        """Its lines; they add up to its people, as do those by country."""
        return [region_cell(key, people) for key, people in self.regions]

    @property
    def by_country(self) -> list[Cell]:
        return [country_cell(key, people) for key, people in self.countries]


class IntegrityReport(Model):
    """What became of the sign-ups of a campaign that are still stored (integrity.py): unconfirmed ones are deleted after 14 days, erased
    ones at once.
    """

    __tablename__ = "integrity_reports"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    as_of: Mapped[datetime] = mapped_column("read_at", UTCDateTime)
    took: Mapped[timedelta] = mapped_column(Interval)
    confirmed: Mapped[int] = mapped_column(BigInteger)
    #: Of these, those who wait for an entry of the log to be numbered, less those who wait for a -1; and the size of the log
    #: that adds up to the others, None while it catches up.
    waiting: Mapped[int] = mapped_column(BigInteger, server_default="0")
    log_size: Mapped[int | None] = mapped_column(BigInteger)
    #: None where it would tell, by subtraction, how few are not counted.
    submitted: Mapped[int | None] = mapped_column(BigInteger)
    #: Those that are not counted, by LINE_LABELS; None for "fewer than five".
    uncounted: Mapped[dict[str, int | None]] = mapped_column(JSON)

    campaign: Mapped[Campaign] = relationship(viewonly=True, lazy="joined")

    @property
    def forgotten_at(self) -> datetime | None:
        """When the sign-ups of a campaign that is long over were deleted; from then on only the count is known."""
        return self.campaign.forgotten_at
