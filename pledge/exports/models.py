"""The table of exports."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, and_
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from pledge.campaigns.models import Campaign
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime
from pledge.core.i18n import SEOUL
from pledge.jobs.models import Job, JobKind


def file_name(slug: str, kind: str, at: datetime, *parts: object) -> str:
    """`blue-skies-totals-20261126-145207KST-ko.xlsx`: campaign, kind, moment in Seoul, what else there is, format.

    No two exports have the same.
    """
    *more, ending = parts
    stem = "-".join([slug, kind, f"{at.astimezone(SEOUL):%Y%m%d-%H%M%S}KST", *map(str, more)])
    return f"{stem}.{ending}"


class Export(Model):
    """A file of rows requested by staff. It never holds personal data of signers."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  #: which rows (exports/rows.py)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    format: Mapped[str] = mapped_column(String(4))
    lang: Mapped[str] = mapped_column(String(2))  #: of its heads and words
    asked_by: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)

    campaign: Mapped[Campaign] = relationship(lazy="joined", viewonly=True)
    #: One for each time that it was tried, the newest last.
    jobs: Mapped[list[Job]] = relationship(
        primaryjoin=lambda: and_(foreign(Job.subject_id) == Export.id, Job.kind == JobKind.EXPORT),
        order_by=Job.id,
        viewonly=True,
        lazy="selectin",
    )

    __table_args__ = (CheckConstraint("format IN ('csv', 'xlsx')", name="format"),)

    @property
    def slug(self) -> str:
        return self.campaign.slug

    @property
    def job(self) -> Job:
        return self.jobs[-1]

    @property
    def file_name(self) -> str:
        """The name for the browser; with the number, as two may be requested in one second."""
        return file_name(self.slug, self.kind, self.asked_at, self.lang, self.format, self.id, "zip")
