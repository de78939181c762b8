"""The table of signatures: one row for each submission of the form, moved only by guarded updates.

At most one row of a person in a campaign is settled (confirmed, held, or taken out of the count by staff). Some may wait
beside it, each until its own link or code is used, and rows that were withdrawn stay as they were (docs/adr/0062).
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    LargeBinary,
    String,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from pledge.abuse.models import HoldReason
from pledge.core.db import Model
from pledge.core.db.encrypted_columns import Sealed
from pledge.core.db.types import UTCDateTime, one_of, partial_index
from pledge.core.i18n import Phrase
from pledge.core.tokens import CONFIRM_LIFETIME

#: The contexts that are authenticated with the encrypted columns.
EMAIL_CONTEXT = "signatures.email"
NAME_CONTEXT = "signatures.name"
SALT_CONTEXT = "signatures.salt"

#: How long a submission waits. Nothing renews this clock.
PENDING_LIFETIME = 2 * CONFIRM_LIFETIME
#: How long a person can stop that staff erase them, from the mail about it on.
ERASURE_DELAY = timedelta(days=1)

# Predicates of indexes. A query must repeat one verbatim to use its index.
PENDING = "state = 'pending'"
SETTLED = "state IN ('confirmed', 'held', 'invalidated')"
HELD = "state = 'held'"
#: Whether a reminder is due is still to be decided (reminding.py).
TO_REMIND = "state = 'pending' AND NOT reminded"
#: Counted, or waiting, at another domain than the largest providers': what the watch counts and holds (watch/clusters.py).
SMALL_CONFIRMED = "state = 'confirmed' AND mail_provider = 'other'"
SMALL_PENDING = "state = 'pending' AND mail_provider = 'other'"
#: Staff have planned to erase the person.
TO_ERASE = "erase_at IS NOT NULL"
#: Who is named in public.
SHOWN_BY_NAME = "public_name AND state = 'confirmed'"
#: Who came through somebody's link and is counted.
CAME_VIA = "via IS NOT NULL AND state = 'confirmed'"
#: Who asked for updates and is counted, or was until the campaign was over.
WANTS_NEWS = "updates AND state IN ('confirmed', 'address_only')"
#: What is more than an address.
WHOLE = "state <> 'address_only'"

#: The fence: of a person, one row in a campaign is counted.
SETTLED_INDEX = "uq_signatures_settled"


class SignatureState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    HELD = "held"  #: confirmed by the person, and counted only when staff release it
    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"  #: taken out of the count by staff; can be undone
    #: The campaign is over; nothing is left but the address of somebody who is to hear of the answer (keeping.py).
    ADDRESS_ONLY = "address_only"


#: In these a signer who asked for news gets it; WANTS_NEWS says so to an index.
NEWS_STATES = (SignatureState.CONFIRMED, SignatureState.ADDRESS_ONLY)

#: As staff read them; `marked` is a pending one that will be held.
STATE_LABELS: dict[str, Phrase] = {
    SignatureState.PENDING: Phrase("signature", "Not confirmed yet"),
    "marked": Phrase("signature", "Not confirmed yet, to be held"),
    SignatureState.CONFIRMED: Phrase("signature", "Confirmed and counted"),
    SignatureState.HELD: Phrase("signature", "Confirmed, on hold"),
    SignatureState.WITHDRAWN: Phrase("signature", "Withdrawn"),
    SignatureState.INVALIDATED: Phrase("signature", "Not counted, as staff decided"),
    SignatureState.ADDRESS_ONLY: Phrase(
        "signature", "Counted; only the address is left, for news of the answer"
    ),
}

#: Why a signature is held (`hold_reason`), as staff read it.
HOLD_REASONS: dict[str, Phrase] = {
    HoldReason.SIGNALS: Phrase("hold reason", "The form looked like a program’s"),
    HoldReason.SPEED: Phrase("hold reason", "E-mails answered too soon"),
    HoldReason.DOMAINS: Phrase("hold reason", "Many small e-mail domains from one place"),
    HoldReason.SIZE: Phrase(
        "hold reason", "Many at one small e-mail domain, or at several with one mail server"
    ),
    HoldReason.BLOCKED: Phrase("hold reason", "From a network or domain that staff hold"),
    HoldReason.STAFF: Phrase("hold reason", "Held by staff"),
}


class Signature(Model):
    __tablename__ = "signatures"

    #: Random, 63 bits: it appears in links and in the ledger and must tell nothing about how many signed.
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    #: No foreign keys here and in the ledger: their checks lock the campaign's row in every sign-up (docs/adr/0004);
    #: the inserting statement reads both rows instead, and neither is ever deleted.
    campaign_id: Mapped[int]
    #: Keyed hash of the canonical address: the person, as far as one verified mailbox is a person.
    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(12))
    email: Mapped[str] = mapped_column(Sealed(EMAIL_CONTEXT))  #: as typed; mails go here
    name: Mapped[str] = mapped_column(Sealed(NAME_CONTEXT))
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str | None] = mapped_column(String(6))
    #: The place in this row's entries of the ledger, when another one was put right since (entries.py); else NULL.
    entry_country: Mapped[str | None] = mapped_column(String(2))
    entry_region: Mapped[str | None] = mapped_column(String(6))
    public_name: Mapped[bool] = mapped_column(Boolean)
    updates: Mapped[bool] = mapped_column(Boolean)
    lang: Mapped[str] = mapped_column(String(2))
    pledge_text_id: Mapped[int]
    #: Of what was agreed to (campaigns/consents.py), as the form showed it.
    consent_version: Mapped[int] = mapped_column(server_default="1")
    privacy_version: Mapped[str] = mapped_column(String(10))
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Keyed hash of all that was submitted, and of the day: sent twice, a form is one submission (a double click).
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    #: What the public log says of this row instead of the person: SHA-256 over salt and address (ledger/leaves.py).
    #: Only the salt connects the two; it is deleted with this row.
    salt: Mapped[str] = mapped_column(Sealed(SALT_CONTEXT))
    commitment: Mapped[bytes] = mapped_column(LargeBinary(32))
    mails: Mapped[int] = mapped_column(server_default="0")  #: to confirm, so far; each has a code of its own
    #: When the newest of them is due: its code lives from then on.
    code_since: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Number of the mail that codes were last typed for.
    code_mail: Mapped[int] = mapped_column(server_default="0")
    code_tries: Mapped[int] = mapped_column(server_default="0")  #: codes typed for that mail, right or wrong
    all_code_tries: Mapped[int] = mapped_column(server_default="0")  #: codes typed for any of them
    #: Two-digit numbers typed behind the link, right or wrong (mailed_links/links.py).
    match_tries: Mapped[int] = mapped_column(server_default="0")
    #: Mails to confirm with a higher number have a code and no link, as was asked for behind the link of one before.
    code_only_after: Mapped[int | None]
    #: It was decided whether a reminder goes out (reminding.py); that happens once.
    reminded: Mapped[bool] = mapped_column(Boolean, server_default=false())
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Not before this moment it is erased, as staff were asked to; NULL: nobody asked, or it was stopped.
    erase_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: The invalidation that took it out of the count (signatures/invalidation/services.py); NULL unless the state says so.
    invalidation_id: Mapped[int | None]
    #: For finding robots, never for finding a person: keyed hashes of the network and of the IPv4 /24 or IPv6 /48 around it
    #: (dropped after 90 days) and of the mail's domain, other ones in each campaign, and which large provider it belongs to
    #: ("naver", "kakao", "gmail", "other").
    network_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    wide_network_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    domain_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    mail_provider: Mapped[str] = mapped_column(String(8), server_default="other")
    #: Names of the signals seen when it was signed and when it was confirmed (abuse/signals.py), in order, a space between.
    signals: Mapped[str | None] = mapped_column(String(80))
    confirm_signals: Mapped[str | None] = mapped_column(String(80))
    #: Why it becomes held instead of confirmed when its link or code is used; NULL: it is counted then. Kept when it is refused.
    hold_reason: Mapped[str | None] = mapped_column(String(16))
    #: Staff have taken such a reason away, or allow the address: the watch gives it no other one (watch/services.py).
    cleared: Mapped[bool] = mapped_column(Boolean, server_default=false())
    #: The code of the partner or organisation whose link led to the form (statistics/referrals.py); NULL for everybody else.
    via: Mapped[str | None] = mapped_column(String(20))
    #: Staff have hidden this name: the person cannot show it again, even by signing again.
    name_hidden: Mapped[bool] = mapped_column(Boolean, server_default=false())

    __table_args__ = (
        CheckConstraint(one_of("state", SignatureState), name="state"),
        CheckConstraint(
            "state NOT IN ('confirmed', 'held') OR confirmed_at IS NOT NULL", name="confirmed_has_time"
        ),
        CheckConstraint(one_of("hold_reason", HoldReason), name="hold_reason"),
        CheckConstraint("state <> 'confirmed' OR hold_reason IS NULL", name="confirmed_is_released"),
        CheckConstraint("state <> 'held' OR hold_reason IS NOT NULL", name="held_has_reason"),
        CheckConstraint(
            "(state = 'invalidated') = (invalidation_id IS NOT NULL)", name="invalidated_has_cause"
        ),
        CheckConstraint("region IS NULL OR country = 'KR'", name="region_is_korean"),
        Index("ix_signatures_person", "address_hash", "campaign_id"),
        Index("ix_signatures_submitted", "submitted_at"),
        partial_index("ix_signatures_whole", "campaign_id", where=WHOLE),
        partial_index("ix_signatures_held", "campaign_id", "confirmed_at", where=HELD),
        partial_index("ix_signatures_small_confirmed", "confirmed_at", where=SMALL_CONFIRMED),
        partial_index("ix_signatures_small_domain", "domain_hash", "confirmed_at", where=SMALL_CONFIRMED),
        partial_index("ix_signatures_small_pending", "domain_hash", where=SMALL_PENDING),
        partial_index(SETTLED_INDEX, "address_hash", "campaign_id", unique=True, where=SETTLED),
        partial_index("uq_signatures_pending_content", "content_hash", unique=True, where=PENDING),
        partial_index("ix_signatures_to_remind", "submitted_at", where=TO_REMIND),
        partial_index("ix_signatures_to_erase", "erase_at", where=TO_ERASE),
        partial_index("ix_signatures_public", "campaign_id", "confirmed_at", where=SHOWN_BY_NAME),
        partial_index("ix_signatures_news", "campaign_id", "id", where=WANTS_NEWS),
        partial_index("ix_signatures_via", "campaign_id", "via", where=CAME_VIA),
        partial_index("ix_signatures_invalidation", "invalidation_id", where="invalidation_id IS NOT NULL"),
    )
