"""Tables of a campaign. Korean and English are columns or rows side by side; neither is a translation of the other."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pledge.db import Model, UTCDateTime


class CampaignState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class PartnerRole(StrEnum):
    SECRETARIAT = "secretariat"
    PARTNER = "partner"


class Campaign(Model):
    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    goal: Mapped[int]
    opens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Signing ends here; confirmation goes on for the grace period of `queries.CONFIRM_GRACE`.
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    texts: Mapped[list["CampaignText"]] = relationship(cascade="all, delete-orphan")
    pledges: Mapped[list["PledgeText"]] = relationship(order_by="PledgeText.version")
    partners: Mapped[list["Partner"]] = relationship(
        order_by="Partner.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        CheckConstraint("state IN ('draft', 'open', 'closed')", name="state"),
        CheckConstraint("goal > 0", name="goal"),
    )


class CampaignText(Model):
    __tablename__ = "campaign_texts"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    lang: Mapped[str] = mapped_column(String(2), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    tagline: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)  #: CommonMark


class PledgeText(Model):
    """One version of what people sign. It is never changed: another wording is another version."""

    __tablename__ = "pledge_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    version: Mapped[int]
    ko: Mapped[str] = mapped_column(Text)  #: CommonMark
    en: Mapped[str] = mapped_column(Text)
    #: SHA-256 over both wordings, so that a changed row is noticed.
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("campaign_id", "version"),
        CheckConstraint("version > 0", name="version"),
    )


class Partner(Model):
    __tablename__ = "partners"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    position: Mapped[int]
    role: Mapped[str] = mapped_column(String(12))
    name_ko: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(300), default="")

    __table_args__ = (
        UniqueConstraint("campaign_id", "position"),
        CheckConstraint("role IN ('secretariat', 'partner')", name="role"),
    )
