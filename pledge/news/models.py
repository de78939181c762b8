"""The table of news."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of
from pledge.core.languages import Texts, Translated, has_text

MAX_TITLE = 120
MAX_BODY = 10_000


class NewsState(StrEnum):
    DRAFT = "draft"  #: being written
    PROPOSED = "proposed"  #: waits for a second person
    APPROVED = "approved"  #: goes out when its milestone is reached
    SENDING = "sending"  #: the worker enqueues the mails
    SENT = "sent"  #: all mails are enqueued
    STOPPED = "stopped"  #: by staff, while it was being sent


class NewsItem(Model):
    """News of a campaign, and how far it has been sent. From SENDING on it is public."""

    __tablename__ = "news"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    state: Mapped[str] = mapped_column(String(8))
    title: Mapped[Texts] = mapped_column(Translated(MAX_TITLE))
    body: Mapped[Texts] = mapped_column(Translated(MAX_BODY))  #: CommonMark
    #: Goes out when so many people have signed; without one as soon as it is approved.
    milestone: Mapped[int | None]
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Numbers and names of staff as the audit log has them; an account may be closed later.
    proposed_by: Mapped[int | None]
    proposed_name: Mapped[str] = mapped_column(String(254), server_default="")
    proposed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by: Mapped[int | None]
    approved_name: Mapped[str] = mapped_column(String(254), server_default="")
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    #: When sending began; the worker enqueues the mails batch by batch, in the order of the signatures' numbers.
    begun_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    upto: Mapped[int] = mapped_column(BigInteger, server_default="0")  #: the last signature handled
    mails: Mapped[int] = mapped_column(server_default="0")  #: enqueued so far
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(one_of("state", NewsState), name="state"),
        CheckConstraint(has_text("title", "body"), name="has_texts"),
        CheckConstraint("milestone > 0", name="milestone"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_people"),
        CheckConstraint(
            "state IN ('draft', 'proposed') OR (proposed_by IS NOT NULL AND approved_by IS NOT NULL)",
            name="approved_by_somebody",
        ),
        CheckConstraint(
            "state NOT IN ('sending', 'sent', 'stopped') OR begun_at IS NOT NULL", name="begun_has_time"
        ),
        CheckConstraint("state NOT IN ('sent', 'stopped') OR ended_at IS NOT NULL", name="ended_has_time"),
        Index("ix_news_campaign", "campaign_id", "id"),
    )
