"""Tables of deliveries: what was frozen and handed over, files that the worker makes, lists of names that the law asks for."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.db import Model, UTCDateTime
from pledge.languages import Texts, Translated, has_text


def _among(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


MAX_RECIPIENT = 200
MAX_OCCASION = 300
MAX_LETTER = 20_000


class DeliveryState(StrEnum):
    FROZEN = "frozen"  #: fixed; the pack is built from it
    HANDED_OVER = "handed_over"
    ANSWERED = "answered"
    DISCARDED = "discarded"  #: never handed over


class Channel(StrEnum):
    """How a delivery reached its recipient."""

    IN_PERSON = "in_person"
    POST = "post"
    EMAIL = "email"
    PORTAL = "portal"  #: a government's portal for documents or petitions
    OTHER = "other"


class Delivery(Model):
    """A frozen handing-over of totals at one checkpoint, and what became of it."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"))
    state: Mapped[str] = mapped_column(String(12))
    recipient: Mapped[Texts] = mapped_column(Translated(MAX_RECIPIENT))
    occasion: Mapped[Texts] = mapped_column(Translated(MAX_OCCASION))
    letter: Mapped[Texts] = mapped_column(Translated(MAX_LETTER))  #: paragraphs, an empty line between two
    #: All that the pack says, as JSON (delivery/freezing.py). The pack is made from this and the log alone, so that it is
    #: the same to the byte whenever it is made.
    document: Mapped[str] = mapped_column(Text)
    # Numbers and names of staff as the audit log has them; an account may be closed later.
    frozen_by: Mapped[int | None]
    frozen_name: Mapped[str] = mapped_column(String(254))
    frozen_at: Mapped[datetime] = mapped_column(UTCDateTime)

    handed_over_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When that was last entered: deleting the signers' data waits a while after it, as what was mistyped can be seen then.
    recorded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    channel: Mapped[str | None] = mapped_column(String(9))
    receipt_number: Mapped[str] = mapped_column(String(100), server_default="")  #: the recipient's (접수번호)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[Texts] = mapped_column(Translated, server_default="{}")

    #: When staff had those told who asked for updates; the worker enqueues the mails batch by batch, by the signature's number.
    announced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    announced_upto: Mapped[int] = mapped_column(BigInteger, server_default="0")
    announced: Mapped[int] = mapped_column(server_default="0")  #: mails enqueued so far
    announcing_ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(_among("state", DeliveryState), name="state"),
        CheckConstraint(_among("channel", Channel), name="channel"),
        CheckConstraint(
            "state NOT IN ('handed_over', 'answered') OR handed_over_at IS NOT NULL",
            name="handed_over_has_time",
        ),
        CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name="answered_has_time"),
        CheckConstraint(has_text("recipient", "occasion", "letter"), name="texts"),
        Index("ix_deliveries_campaign", "campaign_id", "id"),
    )


class JobKind(StrEnum):
    PACK = "pack"  #: its subject is a delivery
    EXPORT = "export"
    LIST = "list"  #: its subject is a named list


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"  #: while its lease lasts; then another worker begins it anew
    DONE = "done"  #: the file is there
    FAILED = "failed"  #: given up after several attempts
    GONE = "gone"  #: the file was deleted when its time was over


class Job(Model):
    """A file that the worker makes, so that no request waits for it."""

    __tablename__ = "delivery_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(6))
    subject_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(7))
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")  #: steps or rows, of `total`
    total: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    file: Mapped[str] = mapped_column(String(80), server_default="")  #: its name in the storage
    size: Mapped[int] = mapped_column(BigInteger, server_default="0")  #: bytes
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    rows: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str] = mapped_column(String(120), server_default="")  #: the kind of error, never its text
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: the file is deleted then; NULL: kept

    __table_args__ = (
        CheckConstraint(_among("kind", JobKind), name="kind"),
        CheckConstraint(_among("state", JobState), name="state"),
        Index("ix_delivery_jobs_subject", "kind", "subject_id"),
        Index(
            "ix_delivery_jobs_open",
            "id",
            postgresql_where=text("state IN ('waiting', 'running')"),
            sqlite_where=text("state IN ('waiting', 'running')"),
        ),
    )


class Export(Model):
    """Somebody of the staff took rows out. It never holds the personal data of signers."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  #: which rows (delivery/exports.py)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    format: Mapped[str] = mapped_column(String(4))
    lang: Mapped[str] = mapped_column(String(2), server_default="ko")  #: of its heads and words
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("format IN ('csv', 'xlsx')", name="format"),)


class ListState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"  #: by a second person; the worker encrypts it
    REFUSED = "refused"  #: by a second person
    RETRACTED = "retracted"  #: by who asked for it, before anybody decided


class NamedList(Model):
    """A list of the names of those who agreed to it, for a recipient that the law lets ask: asked for by one, allowed by another."""

    __tablename__ = "named_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    #: Only who agreed to these very terms is on it.
    list_terms_id: Mapped[int] = mapped_column(ForeignKey("list_terms.id"))
    state: Mapped[str] = mapped_column(String(9))
    reason: Mapped[str] = mapped_column(Text)
    recipient_key: Mapped[str] = mapped_column(String(120))  #: the recipient's public key, `age1…`
    watermark: Mapped[str] = mapped_column(String(16), unique=True)  #: which copy it is, stands in the file
    asked_by: Mapped[int | None]
    asked_name: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None]
    decided_name: Mapped[str] = mapped_column(String(254), server_default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_why: Mapped[str] = mapped_column(Text, server_default="")
    people: Mapped[int | None] = mapped_column(BigInteger)  #: who agreed, counted when it was approved
    unreadable: Mapped[int | None] = mapped_column(
        BigInteger
    )  #: names that no data key opens; the file says so too
    expired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: when its file was found to be deleted

    __table_args__ = (
        CheckConstraint(_among("state", ListState), name="state"),
        CheckConstraint(
            "state NOT IN ('approved', 'refused') OR (asked_by IS NOT NULL AND decided_by IS NOT NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
    )
