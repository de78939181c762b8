"""Tables of endorsements: one row for an organisation in a campaign, and one for each version of what it shows.

What the public sees is the published version; a correction is another version that waits for review meanwhile, in an
endorsement that stays published. The endorsement's `seq` is that of its newest version. Who applies again after
withdrawing or being declined has a proposed version too, but the state changes only when the mail is confirmed.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from pledge.campaigns.models import GROUP_GOAL
from pledge.core import clock
from pledge.core.db import Model
from pledge.core.db.encrypted_columns import Sealed
from pledge.core.db.types import UTCDateTime, one_of, partial_index
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts, Translated, has_text
from pledge.core.organization_types import OrganizationType
from pledge.endorsements import promises
from pledge.ledger import leaves

MAX_NAME = 120  #: in each language
MAX_STATEMENT = 600
#: For so long a first publication can be taken back without a line in public.
TAKEN_BACK = timedelta(minutes=10)


class EndorsementState(StrEnum):
    PENDING = "pending"  #: the mail is not confirmed yet
    REVIEW = "review"  #: confirmed; waits for staff
    CHANGES = "changes"  #: staff asked for changes
    PUBLISHED = "published"  #: on the wall and counted
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  #: by the organisation
    REMOVED = "removed"  #: by staff, after it was published
    MERGED = "merged"  #: a duplicate of another row


#: As staff read them.
STATE_LABELS = {
    EndorsementState.PENDING: Phrase("endorsement", "Not confirmed"),
    EndorsementState.REVIEW: Phrase("endorsement", "To review"),
    EndorsementState.CHANGES: Phrase("endorsement", "Awaiting the organisation"),
    EndorsementState.PUBLISHED: Phrase("endorsement", "Published"),
    EndorsementState.DECLINED: Phrase("endorsement", "Declined"),
    EndorsementState.WITHDRAWN: Phrase("endorsement", "Withdrawn"),
    EndorsementState.REMOVED: Phrase("endorsement", "Removed"),
    EndorsementState.MERGED: Phrase("endorsement", "Merged"),
}

#: As the organisation reads its own.
OWN_STATE_LABELS = {
    EndorsementState.PENDING: Phrase("endorsement", "Not confirmed yet"),
    EndorsementState.REVIEW: Phrase("endorsement", "Awaiting review by the secretariat"),
    EndorsementState.CHANGES: Phrase("endorsement", "Correction requested by the secretariat"),
    EndorsementState.PUBLISHED: Phrase("endorsement", "Public and counted"),
    EndorsementState.DECLINED: Phrase("endorsement", "Not accepted"),
    EndorsementState.WITHDRAWN: Phrase("endorsement", "Withdrawn, not counted"),
    EndorsementState.REMOVED: Phrase("endorsement", "Removed by the secretariat, not counted"),
    EndorsementState.MERGED: Phrase(
        "endorsement", "Merged with another endorsement of the same organisation"
    ),
}

#: States from which an organisation may apply again; until the mail of that is confirmed the state stays.
ENDED = (EndorsementState.WITHDRAWN, EndorsementState.DECLINED)
#: States that a new application may replace.
REPLACEABLE = (EndorsementState.PENDING, *ENDED)
#: States of organisations that were on the wall and left it.
GONE = (EndorsementState.WITHDRAWN, EndorsementState.REMOVED)
#: SQL: it is public, and somebody speaks for it who can be asked whether its promise is still true.
CAN_BE_ASKED = "state = 'published' AND contact_number <> 0"
#: States of cases that are closed.
CLOSED = (*ENDED, EndorsementState.REMOVED, EndorsementState.MERGED)


class VerificationLevel(StrEnum):
    """How far the organisation is verified; each level includes the ones before."""

    MAIL = "mail"  #: a mailbox that the person named
    DOMAIN = "domain"  #: that mailbox belongs to the organisation's website
    SITE = "site"  #: a DNS record or a file on the website
    STAFF = "staff"  #: checked by the campaign's staff


#: What they are called, on pages as in tables.
LEVELS = {
    "mail": Phrase("table", "Contact’s e-mail only"),
    "domain": Phrase("table", "Verified by its e-mail domain"),
    "site": Phrase("table", "Confirmed on its website"),
    "staff": Phrase("table", "Checked by the secretariat"),
}

#: The same at a glance: one to three marks.
LEVEL_MARKS = {"mail": "●○○", "domain": "●●○", "site": "●●●", "staff": "●●●"}

#: What has been checked at each.
LEVEL_MEANINGS = {
    "mail": Phrase(
        "level", "The person who speaks for the organisation opened the link in our e-mail and confirmed."
    ),
    "domain": Phrase("level", "That e-mail address belongs to the domain of the organisation’s website."),
    "site": Phrase("level", "The organisation put a proof on its website or in its DNS."),
    "staff": Phrase("level", "The secretariat checked the organisation itself."),
}


class VersionState(StrEnum):
    PROPOSED = "proposed"
    PUBLISHED = "published"
    DECLINED = "declined"
    SUPERSEDED = "superseded"


class Versioned:
    """What has versions of an endorsement: it itself has all, a view of it those that may be seen; the newest first."""

    versions: Sequence["EndorsementVersion"]

    @property
    def state(self) -> str:
        """The endorsement's: its column there, and what a view says of its row."""
        raise NotImplementedError  # a bare annotation would not go with the column, which is `Mapped`

    @property
    def newest(self) -> "EndorsementVersion":
        return max(self.versions, key=lambda version: version.seq)

    @property
    def published(self) -> "EndorsementVersion | None":
        """The version that is public now; None once the organisation has left, also while it applies again."""
        is_public = self.state == EndorsementState.PUBLISHED
        return next(
            (version for version in self.versions if is_public and version.state == VersionState.PUBLISHED),
            None,
        )

    @property
    def shown(self) -> "EndorsementVersion":
        """The version whose website the level belongs to."""
        return self.published or self.newest

    @property
    def proposed(self) -> list["EndorsementVersion"]:
        """The versions that wait for their mail to be confirmed, or for review."""
        return [version for version in self.versions if version.state == VersionState.PROPOSED]


class Contact:
    """The person who speaks for an organisation, or is to; mails go to them. Never shown in public: what may be shown is the version's
    `spokesperson`.
    """

    contact_name: Mapped[str] = mapped_column(Sealed("endorsements.contact_name"))
    contact_title: Mapped[str] = mapped_column(Sealed("endorsements.contact_title"))
    contact_email: Mapped[str] = mapped_column(Sealed("endorsements.contact_email"))
    #: Keyed hash of the canonical address, as for signatures.
    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    #: Domain of that mail address when it is not a free-mail provider's; "" otherwise.
    mail_domain: Mapped[str] = mapped_column(String(253))
    lang: Mapped[str] = mapped_column(String(2))  #: of the mails


class Endorsement(Versioned, Contact, Model):
    __tablename__ = "endorsements"

    #: Random, 63 bits: it is in public addresses, links and the ledger.
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    state: Mapped[str] = mapped_column(String(10))
    #: Number of the newest version; before it is confirmed, the one that the mailed link confirms.
    seq: Mapped[int]
    #: Which person speaks for the organisation: another number whenever another one takes over, so that links of the
    #: one before open nothing any more.
    contact_number: Mapped[int] = mapped_column(server_default="1")
    #: Their consent that name and title are shown beside the statement.
    show_contact: Mapped[bool] = mapped_column(Boolean)
    #: The organisation's name as duplicates are found: NFKC, case, spacing and legal forms away.
    name_key: Mapped[str] = mapped_column(String(200))
    registration_number: Mapped[str | None] = mapped_column(Sealed("endorsements.registration_number"))
    registration_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    #: Ties this row to its entries in the public log, as for signatures.
    salt: Mapped[str] = mapped_column(Sealed("endorsements.salt"), default=leaves.new_salt)
    level: Mapped[str] = mapped_column(String(6))
    pledge_text_id: Mapped[int] = mapped_column(ForeignKey("pledge_texts.id"))
    privacy_version: Mapped[str] = mapped_column(String(10))
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When it was withdrawn, removed, declined or merged.
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why it was removed, as the wall says it.
    public_reason: Mapped[Texts] = mapped_column(Translated, default=Texts, server_default="{}")
    #: The reason of the last decision, as the mail to the contact tells it.
    decision_reason: Mapped[str] = mapped_column(Text, server_default="")
    merged_into_id: Mapped[int | None] = mapped_column(BigInteger)
    #: How many people are to sign through its link; NULL while its page does not count them.
    group_goal: Mapped[int | None]
    #: When it last answered that its promise is still true.
    affirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When it was last asked, or heard without having been asked (asking.py); NULL until the worker has looked.
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    versions: Mapped[list["EndorsementVersion"]] = relationship(
        order_by="EndorsementVersion.seq.desc()", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def is_gone(self) -> bool:
        return self.state in GONE

    @property
    def is_to_review(self) -> bool:
        """Whether its newest version waits for a decision of staff."""
        is_open = self.state in (EndorsementState.REVIEW, EndorsementState.PUBLISHED)
        return is_open and self.newest.state == VersionState.PROPOSED

    @property
    def can_be_taken_back(self) -> bool:
        """Whether it was published for the first time a moment ago."""
        is_new = self.published_at is not None and self.published_at > clock.now() - TAKEN_BACK
        return is_new and self.state == EndorsementState.PUBLISHED

    @property
    def is_unconfirmed(self) -> bool:
        """Whether its newest version waits for the mail to be confirmed, as a first or as a renewed application."""
        if self.state not in ENDED:
            return self.state == EndorsementState.PENDING
        return self.newest.state == VersionState.PROPOSED

    __table_args__ = (
        # One person may speak for several organisations, but not twice for one.
        UniqueConstraint("campaign_id", "address_hash", "name_key"),
        CheckConstraint(one_of("state", EndorsementState), name="state"),
        CheckConstraint(one_of("level", VerificationLevel), name="level"),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published_has_time"),
        CheckConstraint(GROUP_GOAL, name="group_goal"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_has_target"),
        Index("ix_endorsements_state", "campaign_id", "state"),
        Index("ix_endorsements_name_key", "campaign_id", "name_key"),
        Index("ix_endorsements_registration", "campaign_id", "registration_hash"),
        Index("ix_endorsements_mail_domain", "campaign_id", "mail_domain"),
        partial_index("ix_endorsements_asked", "asked_at", where=CAN_BE_ASKED),
    )


def folded(text: str) -> str:
    """A name as it is searched: without differences in compatibility forms, case and spaces (기후 변화 is 기후변화)."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _searched(context: DefaultExecutionContext) -> str:
    version = context.get_current_parameters()  # type: ignore[no-untyped-call]  # the library has no type for it
    return "\n".join(folded(name) for name in version["name"].values())


def _is_link(name: str) -> str:
    """SQL: the column is empty or a web address, so that it may become a link."""
    return f"{name} = '' OR substr({name}, 1, 7) = 'http://' OR substr({name}, 1, 8) = 'https://'"


class EndorsementVersion(Model):
    """What an organisation shows, as one of its people wrote it. Never changed once reviewed."""

    __tablename__ = "endorsement_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    endorsement_id: Mapped[int] = mapped_column(ForeignKey("endorsements.id", ondelete="CASCADE"))
    seq: Mapped[int]  #: 1, 2, …; the one that the mail confirms is the endorsement's own seq
    state: Mapped[str] = mapped_column(String(10))
    name: Mapped[Texts] = mapped_column(Translated(MAX_NAME))
    type: Mapped[str] = mapped_column(String(13))
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str | None] = mapped_column(String(6))
    website: Mapped[str] = mapped_column(String(300))  #: "" where there is none
    target_year: Mapped[int | None]  #: net zero by
    interim_year: Mapped[int | None]
    interim_percent: Mapped[int | None]  #: reduction by the interim year, against the base year
    base_year: Mapped[int | None]
    scope: Mapped[str | None] = mapped_column(String(6))  #: what the target covers
    plan_url: Mapped[str] = mapped_column(String(300), server_default="")  #: "" where there is none
    report_url: Mapped[str] = mapped_column(
        String(300), server_default=""
    )  #: of the last one; "" where there is none
    statement: Mapped[Texts] = mapped_column(Translated(MAX_STATEMENT))
    #: The names in all languages as a search finds them; always filled when the row is made.
    search: Mapped[str] = mapped_column(Text, default=_searched)
    #: Name and title of who speaks for it, as the wall shows them; "" without that person's consent, and emptied at once
    #: in every version when they take it back.
    spokesperson: Mapped[str] = mapped_column(String(170), server_default="")
    #: Name of the picture in `files`; "" when there is none.
    logo: Mapped[str] = mapped_column(String(40), server_default="")
    #: What an application says of the person (applications.py); it goes into the endorsement when its mail is confirmed,
    #: and from then on there is none here. A correction has none.
    applicant: Mapped[str | None] = mapped_column(Sealed("endorsement_versions.applicant"))
    #: Two-digit numbers typed behind its link, right or wrong (mailed_links/links.py).
    match_tries: Mapped[int] = mapped_column(server_default="0")
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reviewed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reviewed_by: Mapped[int | None]

    endorsement: Mapped[Endorsement] = relationship(viewonly=True)
    #: When a version with this report was published first; only in reads that ask for it (queries.py).
    reported_at: Mapped[datetime | None] = query_expression()

    @property
    def heard_at(self) -> datetime | None:
        """When the organisation last stood by this version, which is public; None: it promises nothing."""
        return promises.heard_at(self, self.endorsement.affirmed_at)

    @property
    def reported_in(self) -> int | None:
        """The year, in Korean time, in which its report was published here first."""
        return None if self.reported_at is None else self.reported_at.astimezone(SEOUL).year

    __table_args__ = (
        UniqueConstraint("endorsement_id", "seq"),
        CheckConstraint(one_of("state", VersionState), name="state"),
        CheckConstraint(one_of("type", OrganizationType), name="type"),
        CheckConstraint(has_text("name"), name="has_name"),
        CheckConstraint("region IS NULL OR country = 'KR'", name="region_is_korean"),
        *(CheckConstraint(_is_link(name), name=name) for name in ("website", "plan_url", "report_url")),
        CheckConstraint("interim_percent IS NULL OR interim_percent BETWEEN 1 AND 100", name="percent"),
        CheckConstraint("base_year IS NULL OR base_year < interim_year", name="base_year"),
        CheckConstraint(one_of("scope", promises.Scope), name="scope"),
        # One version of an organisation is public at a time.
        partial_index(
            "uq_endorsement_versions_published", "endorsement_id", unique=True, where="state = 'published'"
        ),
    )


class ContactChange(Contact, Model):
    """Another person who is to speak for an organisation; it takes effect when they confirm from their own mailbox.

    Once in force, the row has the person before, so that they can still be told, until retention deletes it.
    """

    __tablename__ = "endorsement_contact_changes"

    endorsement_id: Mapped[int] = mapped_column(
        ForeignKey("endorsements.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: The number that the new person gets; random, so that no older mail fits a later change.
    contact_number: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Two-digit numbers typed behind the link of its mail.
    match_tries: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ReasonKind(StrEnum):
    """For which decision a reason can be chosen."""

    DECLINE = "decline"
    CHANGES = "changes"
    REMOVE = "remove"  #: shown in public


class ReviewReason(Model):
    """A reason that staff can choose. It replaces the built-in one of the same code (reasons.py)."""

    __tablename__ = "review_reasons"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    wording: Mapped[Texts] = mapped_column(Translated(500))
    active: Mapped[bool] = mapped_column(Boolean)  #: offered; decisions of the past keep their words anyway

    __table_args__ = (
        CheckConstraint(one_of("kind", ReasonKind), name="kind"),
        CheckConstraint(has_text("wording"), name="has_wording"),
    )


class ReviewVisit(Model):
    """A member of staff who has a case open, or had until a moment ago."""

    __tablename__ = "review_visits"

    endorsement_id: Mapped[int] = mapped_column(
        ForeignKey("endorsements.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    staff_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(254))  #: as the audit log names them
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The case is theirs: a soft lock, of one of those who have it open.
    holds: Mapped[bool] = mapped_column(Boolean, server_default=false())
