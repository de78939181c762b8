"""Tables of the ledger and of its public log. Entries are appended and numbered once; nothing else in them changes.

Triggers on both databases enforce that (migrations/versions/0001_initial.py): an entry begins without a number, gets it and what it
takes back once, its `count_after` may be put right, and one that is set aside stays so; a tile grows, a checkpoint and a
key stay as they are; none is ever removed.
"""

from base64 import b64encode
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import BigKey, UTCDateTime, one_of, partial_index
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts, Translated, has_text

#: Signatures that one batch on paper may have.
MAX_BATCH = 1_000_000


class Kind(StrEnum):
    """People, organisations and signatures on paper are counted separately and never added up."""

    PERSON = "person"
    ORGANIZATION = "organization"
    PAPER = "paper"  #: a batch of sheets that two people counted (docs/paper.md)
    STATEMENT = "statement"  #: words published in somebody's name; it changes no number


KIND_LABELS = {
    Kind.PERSON: Phrase("entries", "Person"),
    Kind.ORGANIZATION: Phrase("entries", "Organisation"),
    Kind.PAPER: Phrase("entries", "On paper"),
    Kind.STATEMENT: Phrase("entries", "Statement"),
}


class Reason(StrEnum):
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"  #: of a person in earlier entries only, like INVALIDATED
    INVALIDATED = "invalidated"  #: taken out of the count by staff
    REMOVED = "removed"  #: of a person: withdrawn or invalidated, and the log does not tell which
    REINSTATED = "reinstated"  #: an invalidation was undone

    @property
    def delta(self) -> int:
        """How an entry of this reason changes the count."""
        return 1 if self in (Reason.CONFIRMED, Reason.REINSTATED) else -1


REASON_LABELS = {
    Reason.CONFIRMED: Phrase("entries", "Confirmed"),
    Reason.WITHDRAWN: Phrase("entries", "Withdrawn"),
    Reason.INVALIDATED: Phrase("entries", "Invalidated"),
    Reason.REMOVED: Phrase("entries", "Removed"),
    Reason.REINSTATED: Phrase("entries", "Reinstated"),
}


class StatementKind(StrEnum):
    """Whose words a statement has: in its entry this stands where those of a count have their reason."""

    PROMISE = "promise"  #: of an organisation
    ANSWER = "answer"  #: of the recipient of a delivery
    LETTER = "letter"  #: with which a delivery was handed over

    @property
    def delta(self) -> int:
        return 0


STATEMENT_LABELS = {
    StatementKind.PROMISE: Phrase("entries", "Promise"),
    StatementKind.ANSWER: Phrase("entries", "Answer"),
    StatementKind.LETTER: Phrase("entries", "Letter"),
}


class SetAside(StrEnum):
    """Why the fold does not count an entry that no use case can have written (services.py)."""

    NO_CAUSE = "no_cause"  #: no signature and no endorsement is its cause
    NO_MOVE = "no_move"  #: it counts what is already counted, or takes back what is not
    DISMISSED = "dismissed"  #: examined by staff


class Dimension(StrEnum):
    TOTAL = "total"
    COUNTRY = "country"
    REGION = "region"
    HOUR = "hour"


class LedgerEntry(Model):
    """One +1 or -1, a batch on paper, or a statement. It holds no personal data: erasing a signature leaves the arithmetic as it
    is.
    """

    __tablename__ = "ledger_entries"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    campaign_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    delta: Mapped[int]  #: 1 or -1; of paper as many as the batch has, or minus them; 0 of a statement
    reason: Mapped[str] = mapped_column(String(12))  #: a Reason, of a statement its StatementKind
    #: Random number of the signature or endorsement, or the number of the batch or statement; not a foreign key, as that row may be erased.
    subject_id: Mapped[int] = mapped_column(BigInteger)
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str | None] = mapped_column(String(6))
    hour: Mapped[str] = mapped_column(String(13))  #: `2026-11-24T05`, UTC
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The pledge text that was signed; no foreign key, as its check would lock a row that everybody shares (docs/adr/0004).
    #: NULL for paper, as what is printed on a sheet is not known here, and for statements.
    pledge_text_id: Mapped[int | None]
    #: What the public log says instead of a person (ledger/leaves.py), of paper the SHA-256 of the scan, of a statement that
    #: of its words; what takes back has none, it names the entry.
    commitment: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    #: Of a batch that was in the earlier record of paper signatures: the SHA-256 of its line there (docs/paper.md).
    record: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    #: For a -1, once folded: the index in the log, from 0 on, of the +1 that it takes back.
    takes_back: Mapped[int | None] = mapped_column(BigInteger)
    #: Place in the campaign's log from 1 on; NULL until folded, and that is how the fold finds its work. An entry that is
    #: set aside never gets one.
    number: Mapped[int | None] = mapped_column(BigInteger)
    #: How many of its kind the campaign counted right after this entry.
    count_after: Mapped[int | None] = mapped_column(BigInteger)
    #: Why the fold does not count it (SetAside); NULL for what is counted or waits.
    set_aside: Mapped[str | None] = mapped_column(String(10))

    @classmethod
    def waits(cls) -> ColumnElement[bool]:
        """The condition for entries that the fold has still to look at: the predicate of its index, verbatim."""
        return and_(cls.number.is_(None), cls.set_aside.is_(None))

    __table_args__ = (
        CheckConstraint(
            "(delta IN (-1, 1) AND kind <> 'statement') OR (delta = 0 AND kind = 'statement') "
            f"OR (kind = 'paper' AND delta <> 0 AND delta BETWEEN -{MAX_BATCH} AND {MAX_BATCH})",
            name="delta",
        ),
        CheckConstraint(one_of("kind", Kind), name="kind"),
        CheckConstraint(
            f"({one_of('reason', Reason)} AND kind <> 'statement') "
            f"OR ({one_of('reason', StatementKind)} AND kind = 'statement')",
            name="reason",
        ),
        CheckConstraint("(delta >= 0) = (commitment IS NOT NULL)", name="plus_has_commitment"),
        CheckConstraint(
            "(kind IN ('paper', 'statement')) = (pledge_text_id IS NULL) AND (record IS NULL OR kind = 'paper') "
            "AND (kind <> 'paper' OR reason IN ('confirmed', 'withdrawn'))",
            name="paper",
        ),
        CheckConstraint(
            "set_aside IS NULL OR (set_aside IN ('no_cause', 'no_move', 'dismissed') AND number IS NULL)",
            name="set_aside",
        ),
        UniqueConstraint("campaign_id", "number"),
        partial_index("ix_ledger_entries_waiting", "id", where="number IS NULL AND set_aside IS NULL"),
        partial_index("ix_ledger_entries_set_aside", "campaign_id", where="set_aside IS NOT NULL"),
        Index("ix_ledger_entries_subject", "subject_id"),
        partial_index("ix_ledger_entries_paper", "campaign_id", where="kind = 'paper'"),
        partial_index("ix_ledger_entries_organization", "campaign_id", where="kind = 'organization'"),
        partial_index("ix_ledger_entries_statement", "campaign_id", where="kind = 'statement'"),
        # What is not a first +1 is rare: the desk counts a day of it.
        partial_index("ix_ledger_entries_rare", "occurred_at", where="reason <> 'confirmed'"),
    )


class LedgerPlace(Model):
    """One +1 or -1 of a country and region only: the place of a person who is counted was put right.

    The entry that counts them stays as it is, and so does the count. A correction is two rows, -1 where they were and +1
    where they are; what takes the person out of the count also brings them back to the place of their entry.
    """

    __tablename__ = "ledger_places"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    campaign_id: Mapped[int]
    subject_id: Mapped[int] = mapped_column(BigInteger)  #: as in LedgerEntry
    delta: Mapped[int]
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str | None] = mapped_column(String(6))
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: How many entries the log had when the fold took it; NULL until then. What is counted up to a larger size has it.
    size: Mapped[int | None] = mapped_column(BigInteger)
    #: As in LedgerEntry: it does not lead from where its subject is counted to where its signature says.
    set_aside: Mapped[str | None] = mapped_column(String(10))

    __table_args__ = (
        CheckConstraint("delta IN (-1, 1)", name="delta"),
        CheckConstraint(
            "set_aside IS NULL OR (set_aside IN ('no_cause', 'dismissed') AND size IS NULL)", name="set_aside"
        ),
        partial_index("ix_ledger_places_waiting", "id", where="size IS NULL AND set_aside IS NULL"),
        Index("ix_ledger_places_size", "campaign_id", "size"),
        Index("ix_ledger_places_subject", "subject_id"),
        partial_index("ix_ledger_places_set_aside", "campaign_id", where="set_aside IS NOT NULL"),
    )

    @classmethod
    def waits(cls) -> ColumnElement[bool]:
        """As in LedgerEntry."""
        return and_(cls.size.is_(None), cls.set_aside.is_(None))


class Statement(Model):
    """Words that were published in somebody's name. The entry of the log has their hash; triggers keep both as they are."""

    __tablename__ = "statements"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    kind: Mapped[str] = mapped_column(String(12))
    about: Mapped[int] = mapped_column(
        BigInteger
    )  #: the number of the delivery or endorsement that they belong to
    words: Mapped[Texts] = mapped_column(Translated)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))  #: languages.fingerprint of the words
    said_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(one_of("kind", StatementKind), name="kind"),
        CheckConstraint(has_text("words"), name="words"),
        Index("ix_statements_about", "campaign_id", "kind", "about"),
    )


class LedgerHead(Model):
    """Where the log of a campaign ends: how many entries are numbered and what they add up to."""

    __tablename__ = "ledger_heads"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    people: Mapped[int] = mapped_column(BigInteger)
    organizations: Mapped[int] = mapped_column(BigInteger, server_default="0")
    folded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: How many of the numbered entries the public log holds: all, but while it catches up after a migration.
    log_size: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Tally(Model):
    """A folded count of one kind: all, of one country, of one region or of one hour."""

    __tablename__ = "tallies"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(8), primary_key=True)
    key: Mapped[str] = mapped_column(
        String(13), primary_key=True
    )  #: country, region, hour, or "" for the total
    count: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("dimension IN ('total', 'country', 'region', 'hour')", name="dimension"),
    )


class LedgerDifference(Model):
    """A difference found by the last comparison (diagnosis/contents.py), which replaces all rows but those of a loss."""

    __tablename__ = "ledger_differences"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int]
    what: Mapped[str] = mapped_column(Text)  #: in words, for operators
    is_loss: Mapped[bool] = mapped_column(server_default=false())  #: of entries that were signed (memory.py)


class Comparison(Model):
    """What the last comparison went up to; one row, and none while anything differs (diagnosis/contents.py)."""

    __tablename__ = "ledger_comparisons"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sizes: Mapped[list[tuple[int, int]]] = mapped_column(JSON)  #: of the logs, by the number of the campaign
    fingerprint: Mapped[str] = mapped_column(
        String(64)
    )  #: of heads and tallies before these entries (counting.py)
    in_full_at: Mapped[datetime] = mapped_column(UTCDateTime)


class LogTile(Model):
    """The hashes of one tile of the public log, full or as far as it goes (C2SP tlog-tiles): up to 256 of 32 bytes.

    A tile only grows at its end, so a narrower one that was published earlier is a beginning of this one.
    """

    __tablename__ = "log_tiles"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    tile: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class Checkpoint(Model):
    """A signed state of the public log, as it was published. Never changed: one with other signatures is a further row.

    The newest is what is published now; the sizes never fall.
    """

    __tablename__ = "checkpoints"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    #: What the entries up to here add up to.
    people: Mapped[int] = mapped_column(BigInteger)
    organizations: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(Text)  #: the signed note, verbatim (C2SP signed-note)
    signed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def root_base64(self) -> str:
        return b64encode(self.root).decode()

    __table_args__ = (
        Index("ix_checkpoints_size", "campaign_id", "size"),
        Index("ix_checkpoints_signed_at", "campaign_id", "signed_at"),
    )


class LogKey(Model):
    """A public key that has signed checkpoints of a campaign, in its text form; kept for good, also after a rotation."""

    __tablename__ = "log_keys"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    verifier: Mapped[str] = mapped_column(String(400), primary_key=True)
    since: Mapped[datetime] = mapped_column(UTCDateTime)


class Cosignature(Model):
    """What a witness has said of a log last (witnesses.py)."""

    __tablename__ = "cosignatures"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    witness: Mapped[str] = mapped_column(String(400), primary_key=True)  #: its key in text form
    #: The newest state that it has cosigned, the line of that and its time; NULL while there is none.
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"))
    line: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why it does not cosign the log as it is now, in words for operators; "" if it does.
    refusal: Mapped[str] = mapped_column(Text)
    #: Where it has seen a log that ours does not continue: the size of that; NULL if it has not.
    other_size: Mapped[int | None] = mapped_column(BigInteger)


class WitnessedCheckpoint(Model):
    """A checkpoint that as many witnesses have cosigned as the policy asks for."""

    __tablename__ = "witnessed_checkpoints"

    checkpoint_id: Mapped[int] = mapped_column(
        ForeignKey("checkpoints.id"), primary_key=True, autoincrement=False
    )
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    note: Mapped[str] = mapped_column(Text)  #: that of the checkpoint and the lines of the witnesses

    __table_args__ = (Index("ix_witnessed_checkpoints_campaign", "campaign_id", "checkpoint_id"),)


class LogLoss(Model):
    """Entries that were signed and that a restored backup lacks (memory.py), as `flask ledger restored` accepts it."""

    __tablename__ = "log_losses"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: 1 for the first
    signed_size: Mapped[int] = mapped_column(BigInteger)  #: what was signed last
    signed_root: Mapped[str] = mapped_column(String(44))
    size: Mapped[int] = mapped_column(BigInteger)  #: the newest checkpoint that the database had
    root: Mapped[str] = mapped_column(String(44))
    accepted_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("campaign_id", "signed_size", "signed_root"),)
