"""The table of deliveries: what was frozen, handed over and answered."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pledge.accounts.two_people import Proposed
from pledge.campaigns import rules
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of, partial_index
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


class AnswerState(StrEnum):
    PROPOSED = "proposed"  #: entered by one person; waits for a second one
    RETURNED = "returned"  #: to whoever entered it
    PUBLISHED = "published"


class DeliveryAnswer(Proposed, Model):
    """A version of what a recipient has answered. Once it is published it stays: what corrects it is another version."""

    __tablename__ = "delivery_answers"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))
    state: Mapped[str] = mapped_column(String(9))
    answered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The language in which the recipient wrote. In the others it is a translation by the secretariat.
    original: Mapped[str] = mapped_column(String(2))
    answer: Mapped[Texts] = mapped_column(Translated)
    #: The recipient's own document, a name in `files`; "" for none.
    document: Mapped[str] = mapped_column(String(40), server_default="")
    document_sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    __table_args__ = (
        CheckConstraint(one_of("state", AnswerState), name="state"),
        CheckConstraint(has_text("answer"), name="answer"),
        CheckConstraint("(document = '') = (document_sha256 IS NULL)", name="document"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint("(state = 'returned') = (returned_why IS NOT NULL)", name="returned"),
        # One at a time waits for a decision.
        partial_index("ix_delivery_answers_open", "delivery_id", unique=True, where="state <> 'published'"),
        Index("ix_delivery_answers_delivery", "delivery_id", "id"),
    )

    @property
    def document_hash(self) -> str:
        return (self.document_sha256 or b"").hex()

    @property
    def statement(self) -> Texts:
        """The words as the public log has them: they name the document, so that it cannot be exchanged either."""
        end = f"\n\nPDF, SHA-256: {self.document_hash}" if self.document else ""
        return Texts({lang: words + end for lang, words in self.answer.items()})

    @property
    def content(self) -> dict[str, object]:
        """What the form holds, besides the document."""
        return {name: getattr(self, name) for name in ("answered_at", "original", "answer")}

    @property
    def stamp(self) -> str:
        return rules.stamp({**self.content, "document": self.document_hash})


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

    campaign: Mapped[Campaign] = relationship(viewonly=True)
    checkpoint: Mapped[Checkpoint] = relationship(viewonly=True)
    #: All versions, the newest last.
    answers: Mapped[list[DeliveryAnswer]] = relationship(
        viewonly=True, lazy="selectin", order_by=DeliveryAnswer.id
    )

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
        CheckConstraint(has_text("recipient", "occasion", "letter"), name="texts"),
        Index("ix_deliveries_campaign", "campaign_id", "id"),
    )

    @property
    def published_answers(self) -> list[DeliveryAnswer]:
        """The versions that two people have published, the newest last."""
        return [version for version in self.answers if version.state == AnswerState.PUBLISHED]

    @property
    def published_answer(self) -> DeliveryAnswer | None:
        return self.published_answers[-1] if self.published_answers else None

    @property
    def open_answer(self) -> DeliveryAnswer | None:
        """The version that waits for a second person, or for its author."""
        return next((version for version in self.answers if version.state != AnswerState.PUBLISHED), None)

    @property
    def answered_at(self) -> datetime | None:
        return self.published_answer.answered_at if self.published_answer else None

    @property
    def answer(self) -> Texts:
        return self.published_answer.answer if self.published_answer else Texts()

    @property
    def days_late(self) -> int:
        """For how many Korean days an answer has been overdue; 0 if none is."""
        if self.answer_due is None or self.answered_at is not None:
            return 0
        return max((clock.now().astimezone(SEOUL).date() - self.answer_due).days, 0)
