"""Tables of a campaign. Its languages are equal; none is a translation of another."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pledge.campaigns.rules import stamp
from pledge.core import clock, languages
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime, one_of
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts, Translated, has_text
from pledge.core.organization_types import OrganizationType

#: SQL: the goal of a group, a partner or an organisation that counts who signs through its link.
GROUP_GOAL = "group_goal BETWEEN 10 AND 1000000"
#: Of an event whose end is not known.
UNKNOWN_LENGTH = timedelta(hours=3)


class CampaignState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"  #: can be read, never signed again


#: As staff read them.
STATE_LABELS = {
    CampaignState.DRAFT: Phrase("campaign", "Draft"),
    CampaignState.OPEN: Phrase("campaign", "Open"),
    CampaignState.CLOSED: Phrase("campaign", "Closed"),
    CampaignState.ARCHIVED: Phrase("campaign", "Archived"),
}


class VideoProvider(StrEnum):
    YOUTUBE = "youtube"
    VIMEO = "vimeo"


class VideoFormat(StrEnum):
    """The container of a video of our own; also the ending of its name."""

    MP4 = "mp4"
    WEBM = "webm"


class PartnerRole(StrEnum):
    SECRETARIAT = "secretariat"
    PARTNER = "partner"


#: As staff read them.
ROLE_LABELS = {
    PartnerRole.SECRETARIAT: Phrase("campaign", "Secretariat"),
    PartnerRole.PARTNER: Phrase("campaign", "Partner"),
}


#: Where a campaign is passed on, in the order of pages, as people read it. A text of its own goes before the one for "all";
#: that for KakaoTalk is for the share sheet of a telephone too, from which most people choose it.
SHARE_CHANNELS = {
    "all": Phrase("share", "Text to share"),
    "kakao": Phrase("share", "KakaoTalk"),
    "copy": Phrase("share", "Copy the address"),
    "band": Phrase("share", "BAND"),
    "x": Phrase("share", "X"),
    "facebook": Phrase("share", "Facebook"),  # takes no text
    "line": Phrase("share", "LINE"),
    "threads": Phrase("share", "Threads"),
    "naver": Phrase("share", "Naver"),
    "email": Phrase("share", "E-mail"),
}
MAX_SHARE_TEXT = 200
MAX_DEMAND = 500

#: Columns of Campaign with what those who have signed are asked next (followups.py). The days are those of Seoul, as ISO 8601
#: writes them; "" has no end.
FOLLOWUP_PARTS = (
    "followup_title",
    "followup_sentence",
    "followup_link",
    "followup_from",
    "followup_until",
)
#: Columns with the texts of the page. A campaign may be public without the optional ones.
OPTIONAL_PARTS = ("picture_sentence", "who_may_sign", *FOLLOWUP_PARTS)
TEXT_PARTS = ("title", "tagline", "summary", "recipient", "body", *OPTIONAL_PARTS)
SCHEDULE = ("goal", "opens_at", "closes_at", "goal_steps", "step_sentences")


class Campaign(Model):
    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    title: Mapped[Texts] = mapped_column(Translated(200), default=Texts, server_default="{}")
    tagline: Mapped[Texts] = mapped_column(Translated(300), default=Texts, server_default="{}")
    summary: Mapped[Texts] = mapped_column(Translated, default=Texts, server_default="{}")
    body: Mapped[Texts] = mapped_column(Translated, default=Texts, server_default="{}")  #: CommonMark
    #: To whom the totals are handed, as the consents say it: `the Government of …`; empty in a draft.
    recipient: Mapped[Texts] = mapped_column(Translated(200), default=Texts, server_default="{}")
    #: About the picture at the top of the page, whose haze lifts with the steps.
    picture_sentence: Mapped[Texts] = mapped_column(Translated(300), default=Texts, server_default="{}")
    #: A sentence for the form.
    who_may_sign: Mapped[Texts] = mapped_column(Translated(300), default=Texts, server_default="{}")
    goal: Mapped[int]
    #: Steps on the way to the goal that staff have set, rising; without any the usual ones (goals.py).
    goal_steps: Mapped[list[int]] = mapped_column(JSON, default=list, server_default="[]")
    #: What is done at a step or at the goal, one a line: `10,000: We ask the Ministry in public` (goals.py).
    step_sentences: Mapped[Texts] = mapped_column(Translated, default=Texts, server_default="{}")
    #: The largest step that staff were alerted about; NULL: the campaign was not looked at yet (statistics/dashboard.py).
    alerted_step: Mapped[int | None] = mapped_column("told_step")
    opens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Signing ends here; confirmation goes on for the grace period of `opening.CONFIRM_GRACE`.
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Where answers to the campaign's e-mails go; "": to the contact of the site.
    reply_to: Mapped[str] = mapped_column(String(254), default="", server_default="")
    #: Of its address for posters, `/go/<short_name>`; NULL without one (sharing.py).
    short_name: Mapped[str | None] = mapped_column(String(60))
    #: A sentence of the campaign for those who have signed, and what they may say where they pass it on.
    thanks: Mapped[Texts] = mapped_column(Translated(300), default=Texts, server_default="{}")
    followup_title: Mapped[Texts] = mapped_column(Translated(200), default=Texts, server_default="{}")
    followup_sentence: Mapped[Texts] = mapped_column(Translated(300), default=Texts, server_default="{}")
    followup_link: Mapped[Texts] = mapped_column(Translated(300), default=Texts, server_default="{}")
    followup_from: Mapped[Texts] = mapped_column(Translated(10), default=Texts, server_default="{}")
    followup_until: Mapped[Texts] = mapped_column(Translated(10), default=Texts, server_default="{}")
    #: A text by language for each of SHARE_CHANNELS that has one.
    share_texts: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict, server_default="{}")
    #: When staff last changed something here; from then on files are no longer loaded over it (docs/adr/0035).
    edited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When its people were forgotten (forgetting.py): from then on there are no signatures to compare the count with.
    forgotten_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Where the video is ("" without one), its number there, and the picture shown until somebody presses play
    #: (a name in `files`; "" for the drawn one).
    video_provider: Mapped[str] = mapped_column(String(8), server_default="")
    video_id: Mapped[str] = mapped_column(String(20), server_default="")
    video_still: Mapped[str] = mapped_column(String(40), server_default="")
    #: Instead of a video elsewhere: one in `files`, with its container ("" without one).
    video_file: Mapped[str] = mapped_column(String(40), server_default="")
    video_format: Mapped[str] = mapped_column(String(4), server_default="")
    video_captions: Mapped[Texts] = mapped_column(Translated, default=Texts, server_default="{}")  #: WebVTT
    #: The photograph across the page (a wide picture in `files`; "" without one), what it shows in words, and which part
    #: stays in sight where it is cut.
    photo: Mapped[str] = mapped_column(String(40), server_default="")
    photo_alt: Mapped[Texts] = mapped_column(Translated(200), default=Texts, server_default="{}")
    photo_focus: Mapped[str] = mapped_column(String(12), default="center", server_default="center")
    #: Somebody's words ("" without any), who that is, and a portrait (a name in `files`) with what it shows in words.
    quotation: Mapped[Texts] = mapped_column(Translated, default=Texts, server_default="{}")
    quotation_name: Mapped[Texts] = mapped_column(Translated(200), default=Texts, server_default="{}")
    quotation_role: Mapped[Texts] = mapped_column(Translated(200), default=Texts, server_default="{}")
    quotation_portrait: Mapped[str] = mapped_column(String(40), server_default="")
    quotation_alt: Mapped[Texts] = mapped_column(Translated(200), default=Texts, server_default="{}")
    #: The campaign's letter to read as a page, in CommonMark; beside it a document for each language, by its name in `files`.
    letter_text: Mapped[Texts] = mapped_column(Translated, default=Texts, server_default="{}")
    letter: Mapped[Texts] = mapped_column(Translated(40), default=Texts, server_default="{}")

    pledges: Mapped[list["PledgeText"]] = relationship(order_by="PledgeText.version")
    demands: Mapped[list["Demand"]] = relationship(order_by="Demand.position", cascade="all, delete-orphan")
    partners: Mapped[list["Partner"]] = relationship(
        order_by="Partner.position", cascade="all, delete-orphan"
    )
    events: Mapped[list["CampaignEvent"]] = relationship(
        order_by="CampaignEvent.starts_at", cascade="all, delete-orphan"
    )
    sisters: Mapped[list["SisterCampaign"]] = relationship(
        order_by="SisterCampaign.id", cascade="all, delete-orphan"
    )

    __table_args__ = (
        CheckConstraint("state IN ('draft', 'open', 'closed', 'archived')", name="state"),
        CheckConstraint("goal > 0", name="goal"),
        CheckConstraint("video_provider IN ('', 'youtube', 'vimeo')", name="video_provider"),
        CheckConstraint("(video_provider = '') = (video_id = '')", name="video_is_whole"),
        CheckConstraint("video_format IN ('', 'mp4', 'webm')", name="video_format"),
        CheckConstraint("(video_file = '') = (video_format = '')", name="video_file_is_whole"),
        CheckConstraint("video_file = '' OR video_provider = ''", name="one_video"),
        Index("ix_campaigns_short_name", "short_name", unique=True),
    )

    @property
    def is_worked_on(self) -> bool:
        """Whether what it lacks is still to be written."""
        return self.state in (CampaignState.DRAFT, CampaignState.OPEN)

    @property
    def is_frozen(self) -> bool:
        """Closed and archived campaigns keep their pledge, dates and goal: reopen first."""
        return not self.is_worked_on

    @property
    def has_ended(self) -> bool:
        """Whether its state is open although its closing time has passed."""
        return (
            self.state == CampaignState.OPEN and self.closes_at is not None and self.closes_at <= clock.now()
        )

    @property
    def texts(self) -> dict[str, str]:
        """What it says on its page, under the names of the fields; "" where nothing is stored."""
        return {
            f"{part}_{lang}": getattr(self, part)[lang] for part in TEXT_PARTS for lang in languages.codes()
        }

    @property
    def schedule(self) -> dict[str, object]:
        """Its dates and its goal."""
        return self.part(SCHEDULE)

    def part(self, names: Iterable[str]) -> dict[str, object]:
        """The values of these columns."""
        return {name: getattr(self, name) for name in names}


class CampaignConsent(Model):
    """One version of the words that staff give to what signers agree to. Never changed: other words are another version."""

    __tablename__ = "campaign_consents"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recipient: Mapped[Texts] = mapped_column(Translated(200))  #: to whom the totals are handed
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("version > 0", name="version"),)


class PledgeText(Model):
    """One version of what people sign. Once somebody may have signed it, another wording is another version."""

    __tablename__ = "pledge_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    version: Mapped[int]
    wording: Mapped[Texts] = mapped_column(Translated)  #: CommonMark
    #: SHA-256 over the wording in all languages (languages.fingerprint), so that a changed row is noticed.
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("campaign_id", "version"),
        CheckConstraint("version > 0", name="version"),
    )

    @property
    def content(self) -> dict[str, object]:
        """The stored values that an edit is compared with."""
        return {"version": self.version, "wording": self.wording}

    @property
    def stamp(self) -> str:
        return stamp(self.content)


class Demand(Model):
    """One thing that a campaign asks of its recipient."""

    __tablename__ = "demands"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    position: Mapped[int]
    words: Mapped[Texts] = mapped_column(Translated(MAX_DEMAND))
    asked_on: Mapped[date] = mapped_column(Date)  #: in Korea

    __table_args__ = (
        UniqueConstraint("campaign_id", "position"),
        CheckConstraint(has_text("words"), name="has_words"),
    )


class Partner(Model):
    __tablename__ = "partners"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    position: Mapped[int]
    role: Mapped[str] = mapped_column(String(12))
    type: Mapped[str] = mapped_column(String(13), server_default="")  #: "" where nobody has said it
    name: Mapped[Texts] = mapped_column(Translated(200))
    url: Mapped[str] = mapped_column(String(300), default="")
    logo: Mapped[str] = mapped_column(String(40), server_default="")  #: a name in `files`
    #: How many people are to sign through its link (goals.py); NULL without a page that counts them.
    group_goal: Mapped[int | None]

    __table_args__ = (
        CheckConstraint(GROUP_GOAL, name="group_goal"),
        UniqueConstraint("campaign_id", "position"),
        CheckConstraint("role IN ('secretariat', 'partner')", name="role"),
        CheckConstraint(f"type = '' OR {one_of('type', OrganizationType)}", name="type"),
        CheckConstraint(has_text("name"), name="has_name"),
        {
            "sqlite_autoincrement": True
        },  # a number is in a partner's link (statistics/referrals.py): never given again
    )


class CampaignEvent(Model):
    """Something to take part in. All-day ones begin and end at midnight in Seoul."""

    __tablename__ = "campaign_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    #: By which calendars recognise it (RFC 5545 UID): never reused, unlike the numbers of deleted rows.
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    sequence: Mapped[int] = mapped_column(server_default="0")  #: RFC 5545 SEQUENCE: how often it was changed
    title: Mapped[Texts] = mapped_column(Translated(200))
    place: Mapped[Texts] = mapped_column(Translated(200))
    url: Mapped[str] = mapped_column(String(300))
    is_online: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    join_url: Mapped[str] = mapped_column(
        String(300), default="", server_default=""
    )  #: where people join online
    speakers: Mapped[Texts] = mapped_column(Translated(500), default=Texts, server_default="{}")
    #: What became of it; shown once it is over.
    outcome: Mapped[Texts] = mapped_column(Translated(1000), default=Texts, server_default="{}")
    all_day: Mapped[bool] = mapped_column(Boolean)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The last day's midnight for an all-day event of several days; NULL when only the beginning is known.
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint(
            "join_url = '' OR (is_online AND substr(join_url, 1, 8) = 'https://')", name="join_url"
        ),
        CheckConstraint(has_text("title"), name="has_title"),
        Index("ix_campaign_events_time", "campaign_id", "starts_at"),
    )

    @property
    def is_over(self) -> bool:
        """Whether it has ended; without a known end, three hours after it began."""
        length = timedelta(days=1) if self.all_day else timedelta() if self.ends_at else UNKNOWN_LENGTH
        return (self.ends_at or self.starts_at) + length <= clock.now()

    @property
    def is_one_day(self) -> bool:
        """Whether the page need not say the day twice."""
        ends_at = self.ends_at or self.starts_at
        return ends_at.astimezone(SEOUL).date() == self.starts_at.astimezone(SEOUL).date()


class SisterCampaign(Model):
    """A campaign elsewhere in the world that this one points to."""

    __tablename__ = "sister_campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    name: Mapped[Texts] = mapped_column(Translated(200))
    place: Mapped[Texts] = mapped_column(Translated(200))
    sentence: Mapped[Texts] = mapped_column(Translated(300))
    url: Mapped[str] = mapped_column(String(300))
    logo: Mapped[str] = mapped_column(String(40), server_default="")  #: a name in `files`

    __table_args__ = (CheckConstraint(has_text("name"), name="has_name"),)
