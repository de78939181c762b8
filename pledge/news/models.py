"""The table of news."""

from datetime import datetime
from enum import StrEnum

from markupsafe import Markup
from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from pledge.accounts.two_people import Proposed
from pledge.campaigns import rules
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts, Translated, has_text
from pledge.core.text.markdown import markdown

MAX_TITLE = 120
MAX_BODY = 10_000

#: Ids of signatures are random numbers of 63 bits, so the cursor shows how much of the work is done.
_ALL_IDS = 2**63


class NewsState(StrEnum):
    DRAFT = "draft"  #: being written
    PROPOSED = "proposed"  #: waits for a second person
    APPROVED = "approved"  #: goes out when its milestone is reached
    SENDING = "sending"  #: the worker enqueues the mails
    SENT = "sent"  #: all mails are enqueued
    STOPPED = "stopped"  #: by staff, while it was being sent


#: As staff read them.
STATE_LABELS = {
    NewsState.DRAFT: Phrase("news", "Draft"),
    NewsState.PROPOSED: Phrase("news", "Awaiting a second person"),
    NewsState.APPROVED: Phrase("news", "Waits for its milestone"),
    NewsState.SENDING: Phrase("news", "Being sent"),
    NewsState.SENT: Phrase("news", "Sent"),
    NewsState.STOPPED: Phrase("news", "Stopped"),
}


class NewsItem(Proposed, Model):
    """News of a campaign, and how far it has been sent. From SENDING on it is public."""

    __tablename__ = "news"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    state: Mapped[str] = mapped_column(String(8))
    title: Mapped[Texts] = mapped_column(Translated(MAX_TITLE))
    body: Mapped[Texts] = mapped_column(Translated(MAX_BODY))  #: CommonMark
    #: Number of people at which it goes out; without one it goes out as soon as it is approved.
    milestone: Mapped[int | None]
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Whether it was written by itself, as the closing date of an open campaign moved.
    closing_moved: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Where nobody else could approve it: from then on it goes out while it is PROPOSED, unless somebody has stopped it.
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    #: When sending began; the worker enqueues the mails batch by batch, in the order of the signatures' numbers.
    begun_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    upto: Mapped[int] = mapped_column(BigInteger, server_default="0")  #: the last signature handled
    mails: Mapped[int] = mapped_column(server_default="0")  #: enqueued so far
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(one_of("state", NewsState), name="state"),
        CheckConstraint(has_text("title", "body"), name="has_texts"),
        CheckConstraint("milestone > 0", name="milestone"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint(
            "state IN ('draft', 'proposed') OR (proposed_by IS NOT NULL AND (decided_by IS NOT NULL OR due_at IS NOT NULL))",
            name="approved_by_somebody",
        ),
        CheckConstraint("state <> 'draft' OR due_at IS NULL", name="draft_not_due"),
        CheckConstraint("returned_why IS NULL OR state = 'draft'", name="returned"),
        CheckConstraint(
            "decided_by IS NOT NULL OR due_at IS NULL OR begun_at IS NULL OR begun_at >= due_at",
            name="begun_when_due",
        ),
        CheckConstraint(
            "state NOT IN ('sending', 'sent', 'stopped') OR begun_at IS NOT NULL", name="begun_has_time"
        ),
        CheckConstraint("state NOT IN ('sent', 'stopped') OR ended_at IS NOT NULL", name="ended_has_time"),
        Index("ix_news_campaign", "campaign_id", "id"),
    )

    @property
    def content(self) -> dict[str, object]:
        """What an edit or a decision is compared with: what it says, and when it goes out."""
        return {"title": self.title, "body": self.body, "milestone": self.milestone}

    @property
    def stamp(self) -> str:
        return rules.stamp(self.content)

    @property
    def is_complete(self) -> bool:
        """Whether it is there in every language of the site."""
        return self.title.is_complete and self.body.is_complete

    @property
    def queued_percent(self) -> int:
        """How much of it the worker has enqueued, in percent."""
        return 100 if self.ended_at else 99 * self.upto // _ALL_IDS

    def html(self, lang: str) -> Markup:
        """The text in exactly this language; empty where it is not written yet."""
        return markdown(self.body[lang])
