"""The table of exports."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, and_
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from pledge.campaigns.models import Campaign
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime
from pledge.exports.files import file_name
from pledge.jobs.models import Job, JobKind


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

    campaign: Mapped[Campaign] = relationship(lazy="joined")
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
