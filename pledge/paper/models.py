"""The tables of batches of paper signatures."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from pledge.accounts.two_people import Proposed
from pledge.campaigns import rules
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of, partial_index
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts, Translated, has_text
from pledge.ledger.models import MAX_BATCH

#: An agreed batch counts when so much has passed since it was announced and nobody has objected.
OBJECTION = timedelta(days=1)

MAX_PLACE = 120
MAX_SHEETS = 100_000

#: The columns that the form holds.
FIELDS = ("place", "collected_on", "sheets", "signatures")


class PaperState(StrEnum):
    COUNTED = "counted"  #: by one person; waits for a second one
    DISPUTED = "disputed"  #: the second person counted another number
    AGREED = "agreed"  #: both counted the same: it is in the public log once nobody has objected for a day
    WITHDRAWN = "withdrawn"  #: was agreed, and was taken back since


#: As staff read them.
STATE_LABELS = {
    PaperState.COUNTED: Phrase("paper", "Awaiting a second count"),
    PaperState.DISPUTED: Phrase("paper", "Disputed"),
    PaperState.AGREED: Phrase("paper", "Agreed"),
    PaperState.WITHDRAWN: Phrase("paper", "Taken back"),
}


class PaperBatch(Proposed, Model):
    """Sheets that were collected at one place, their scan, and how many signatures two people counted on them.

    Who counts them first proposes the number, who counts them again decides.
    """

    __tablename__ = "paper_batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    state: Mapped[str] = mapped_column(String(9))
    place: Mapped[Texts] = mapped_column(Translated(MAX_PLACE))  #: where, or at which event; public
    collected_on: Mapped[date] = mapped_column(Date)  #: the day in Korea; of several days the last
    sheets: Mapped[int]
    signatures: Mapped[int]
    #: A name in `files`; "" once the scan is deleted (retention). Its hash stays.
    scan: Mapped[str] = mapped_column(String(40))
    scan_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    proposed_by: Mapped[int] = mapped_column()
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    checked_signatures: Mapped[int | None]  #: how many the second person counted

    __table_args__ = (
        CheckConstraint(one_of("state", PaperState), name="state"),
        CheckConstraint(has_text("place"), name="has_place"),
        CheckConstraint(f"sheets BETWEEN 1 AND {MAX_SHEETS}", name="sheets"),
        CheckConstraint(f"signatures BETWEEN 1 AND {MAX_BATCH}", name="signatures"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint(
            "state NOT IN ('agreed', 'withdrawn') OR (decided_by IS NOT NULL AND checked_signatures = signatures)",
            name="agreed_by_two",
        ),
        Index("ix_paper_batches_campaign", "campaign_id", "id"),
        # A scan is counted once.
        partial_index(
            "ix_paper_batches_scan",
            *("campaign_id", "scan_sha256"),
            unique=True,
            where="state <> 'withdrawn'",
        ),
        {"sqlite_autoincrement": True},  # entries of the log name it: never given again
    )

    @property
    def shown_signatures(self) -> int | None:
        """The first number; None before the second count, as whoever counts again must not find it anywhere."""
        return None if self.state == PaperState.COUNTED else self.signatures

    @property
    def content(self) -> dict[str, object]:
        """What an edit and a second count are compared with."""
        return {**{name: getattr(self, name) for name in FIELDS}, "scan": self.scan_sha256.hex()}

    @property
    def stamp(self) -> str:
        return rules.stamp(self.content)


class PaperNotice(Model):
    """Whom an agreed batch concerns was mailed this. Only the worker writes it (migrations/grants.sql), so that nobody else makes
    a batch count.
    """

    __tablename__ = "paper_notices"

    batch_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    signatures: Mapped[int]
    scan_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    mailed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The entry of the ledger that counts it; NULL before.
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
