"""What stays of signers when a campaign is over and its answer has not come: the address of those who asked for news.

The row keeps its id, by which the links of earlier mails find it, and leaves the count as it is: it gets no entry.
"""

from sqlalchemy import select

from pledge.campaigns.models import Campaign
from pledge.signatures.models import Signature, SignatureState

#: The first version of the privacy notice that says so: whoever agreed to an earlier one is deleted as that one said.
SINCE_NOTICE = "2026-12-06"

#: Whose address stays.
KEEPS_ADDRESS = (
    Signature.state == SignatureState.CONFIRMED,
    Signature.updates,
    Signature.erase_at.is_(None),
    Signature.privacy_version >= SINCE_NOTICE,
)

#: Columns that stay: what a mail needs, and what its reader has agreed to.
KEPT = (
    *("id", "campaign_id", "address_hash", "email", "lang", "updates"),
    *("pledge_text_id", "consent_version", "privacy_version"),
)

_CLOSED = select(Campaign.closes_at).where(Campaign.id == Signature.campaign_id).scalar_subquery()

#: All others. Times become that of the closing, which is the same for everybody.
EMPTIED = {
    "state": SignatureState.ADDRESS_ONLY,
    **dict.fromkeys(("name", "salt", "country"), ""),
    **dict.fromkeys(("content_hash", "commitment"), b""),
    **dict.fromkeys(("submitted_at", "code_since", "confirmed_at"), _CLOSED),
    **dict.fromkeys(("mails", "code_mail", "code_tries", "all_code_tries", "match_tries"), 0),
    **dict.fromkeys(("public_name", "reminded", "cleared", "name_hidden"), False),
    **dict.fromkeys(
        ("region", "entry_country", "entry_region", "code_only_after", "withdrawn_at", "erase_at")
    ),
    **dict.fromkeys(("network_hash", "wide_network_hash", "domain_hash", "signals", "confirm_signals")),
    **dict.fromkeys(("invalidation_id", "hold_reason", "via")),
    "mail_provider": "other",
}
