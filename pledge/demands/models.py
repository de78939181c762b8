"""The table of what became of each demand."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pledge.accounts.two_people import Proposed
from pledge.campaigns import rules
from pledge.campaigns.models import Demand
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of, partial_index
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts, Translated, has_text


class EventKind(StrEnum):
    ASKED_AGAIN = "asked_again"
    ANSWERED = "answered"  #: and neither promised nor refused
    PROMISED = "promised"
    DONE = "done"
    REFUSED = "refused"


KIND_LABELS: dict[str, Phrase] = {
    EventKind.ASKED_AGAIN: Phrase("demand", "Asked again"),
    EventKind.ANSWERED: Phrase("demand", "Answered"),
    EventKind.PROMISED: Phrase("demand", "Promised"),
    EventKind.DONE: Phrase("demand", "Done"),
    EventKind.REFUSED: Phrase("demand", "Refused"),
}


#: Of a demand: the kind of its newest event, or "asked".
STATE_LABELS = {"asked": Phrase("demand", "Asked"), **KIND_LABELS}


class EventState(StrEnum):
    PROPOSED = "proposed"  #: waits for a second person
    RETURNED = "returned"  #: to whoever entered it
    PUBLISHED = "published"


class DemandEvent(Proposed, Model):
    """What became of a demand on a day. Once it is published it stays."""

    __tablename__ = "demand_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    demand_id: Mapped[int] = mapped_column(ForeignKey("demands.id"))
    state: Mapped[str] = mapped_column(String(9))
    kind: Mapped[str] = mapped_column(String(11))
    day: Mapped[date] = mapped_column(Date)  #: in Korea
    until: Mapped[date | None] = mapped_column(Date)  #: the day by which it is promised
    words: Mapped[Texts] = mapped_column(Translated)  #: of whoever answered, word for word
    source: Mapped[str] = mapped_column(String(300))  #: a web address or the name of a document
    proposed_by: Mapped[int] = mapped_column()
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(one_of("state", EventState), name="state"),
        CheckConstraint(one_of("kind", EventKind), name="kind"),
        CheckConstraint("(kind = 'promised') = (until IS NOT NULL)", name="until"),
        CheckConstraint(f"kind IN ('asked_again', 'done') OR {has_text('words')}", name="words"),
        CheckConstraint("source <> ''", name="source"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint("state <> 'published' OR decided_by IS NOT NULL", name="published"),
        CheckConstraint("(state = 'returned') = (returned_why IS NOT NULL)", name="returned"),
        # One at a time waits for a decision.
        partial_index("ix_demand_events_open", "demand_id", unique=True, where="state <> 'published'"),
        Index("ix_demand_events_demand", "demand_id", "id"),
    )

    demand: Mapped[Demand] = relationship(viewonly=True, lazy="joined")

    @property
    def content(self) -> dict[str, object]:
        """What the form holds."""
        return {name: getattr(self, name) for name in ("kind", "day", "until", "words", "source")}

    @property
    def stamp(self) -> str:
        return rules.stamp(self.content)
