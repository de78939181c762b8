"""The table of deliveries: what was frozen, handed over and answered."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts, Translated, has_text
from pledge.ledger.models import Checkpoint

MAX_RECIPIENT = 200
MAX_OCCASION = 300
MAX_LETTER = 20_000


class DeliveryState(StrEnum):
    FROZEN = "frozen"  #: fixed; the pack is built from it
    HANDED_OVER = "handed_over"
    ANSWERED = "answered"
    DISCARDED = "discarded"  #: never handed over


#: As staff read them.
STATE_LABELS = {
    DeliveryState.FROZEN: Phrase("delivery", "Frozen"),
    DeliveryState.HANDED_OVER: Phrase("delivery", "Handed over"),
    DeliveryState.ANSWERED: Phrase("delivery", "Answered"),
    DeliveryState.DISCARDED: Phrase("delivery", "Discarded"),
}

#: Of a delivery that reached its recipient.
HANDED_OVER_STATES = (DeliveryState.HANDED_OVER, DeliveryState.ANSWERED)


class Channel(StrEnum):
    """How a delivery reached its recipient."""

    IN_PERSON = "in_person"
    POST = "post"
    EMAIL = "email"
    PORTAL = "portal"  #: a government's portal for documents or petitions
    OTHER = "other"


#: As staff choose them.
CHANNEL_LABELS = {
    Channel.IN_PERSON: Phrase("delivery channel", "In person"),
    Channel.POST: Phrase("delivery channel", "By post"),
    Channel.EMAIL: Phrase("delivery channel", "By e-mail"),
    Channel.PORTAL: Phrase("delivery channel", "Through a government portal"),
    Channel.OTHER: Phrase("delivery channel", "Another way"),
}


class Delivery(Model):
    """Totals frozen at one checkpoint for handing over, and what became of them."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"))
    state: Mapped[str] = mapped_column(String(12))
    recipient: Mapped[Texts] = mapped_column(Translated(MAX_RECIPIENT))
    occasion: Mapped[Texts] = mapped_column(Translated(MAX_OCCASION))
    letter: Mapped[Texts] = mapped_column(Translated(MAX_LETTER))  #: paragraphs, an empty line between two
    #: All that the pack says, as JSON (deliveries/freezing.py). The pack is made from this and the log alone, so that it is
    #: the same to the byte whenever it is made.
    document: Mapped[str] = mapped_column(Text)
    # Numbers and names of staff as the audit log has them; an account may be closed later.
    frozen_by: Mapped[int | None]
    frozen_name: Mapped[str] = mapped_column(String(254))
    frozen_at: Mapped[datetime] = mapped_column(UTCDateTime)

    handed_over_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When that was last entered: the signers' data is deleted some time later, so that a wrong entry can be corrected.
    recorded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    channel: Mapped[str | None] = mapped_column(String(9))
    receipt_number: Mapped[str] = mapped_column(String(100), server_default="")  #: the recipient's (접수번호)
    #: The Korean day by which the recipient has to answer, or said that they would.
    answer_due: Mapped[date | None] = mapped_column(Date)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[Texts] = mapped_column(Translated, server_default="{}")

    campaign: Mapped[Campaign] = relationship(viewonly=True)
    checkpoint: Mapped[Checkpoint] = relationship(viewonly=True)

    __table_args__ = (
        CheckConstraint(one_of("state", DeliveryState), name="state"),
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(
            "state NOT IN ('handed_over', 'answered') OR handed_over_at IS NOT NULL",
            name="handed_over_has_time",
        ),
        CheckConstraint(
            "answer_due IS NULL OR handed_over_at IS NOT NULL", name="answer_due_when_handed_over"
        ),
        CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name="answered_has_time"),
        CheckConstraint(has_text("recipient", "occasion", "letter"), name="texts"),
        Index("ix_deliveries_campaign", "campaign_id", "id"),
    )

    @property
    def days_late(self) -> int:
        """For how many Korean days an answer has been overdue; 0 if none is."""
        if self.answer_due is None or self.answered_at is not None:
            return 0
        return max((clock.now().astimezone(SEOUL).date() - self.answer_due).days, 0)
