"""Rows for tests, made like the real ones: what is confirmed also stands in the ledger, waiting for the fold.

All of them need an application context; the `app` fixture has pushed one. Say only what the test is about:

    person = signature(state="confirmed", country="JP")
"""

from tests.support.factories.accounts import ANNA, BORA, EDITOR, member_of_staff, staff
from tests.support.factories.campaigns import (
    SLUG,
    campaign,
    draft,
    event_fields,
    other_recipient,
    the_campaign,
    write_pledge,
)
from tests.support.factories.endorsements import (
    HANEUL,
    changed_content,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_form,
    endorse_manage_token,
    endorsement,
    version_of,
)
from tests.support.factories.files import (
    stored_document,
    stored_picture,
    stored_video,
    stored_wide_picture,
)
from tests.support.factories.ledger import fold, fold_all, plant_entry
from tests.support.factories.mails import answer_requests, mailed, scanned
from tests.support.factories.signatures import (
    HONG,
    SEOUL,
    code,
    confirm_token,
    crowd,
    invalidation,
    manage_token,
    press_key,
    sign_form,
    signature,
    signatures,
    unsubscribe_token,
)

__all__ = [
    "ANNA",
    "BORA",
    "EDITOR",
    "HANEUL",
    "HONG",
    "SEOUL",
    "SLUG",
    "answer_requests",
    "campaign",
    "changed_content",
    "code",
    "confirm_token",
    "crowd",
    "draft",
    "endorse_confirm_token",
    "endorse_contact_token",
    "endorse_form",
    "endorse_manage_token",
    "endorsement",
    "event_fields",
    "fold",
    "fold_all",
    "invalidation",
    "mailed",
    "manage_token",
    "member_of_staff",
    "other_recipient",
    "plant_entry",
    "press_key",
    "scanned",
    "sign_form",
    "signature",
    "signatures",
    "staff",
    "stored_document",
    "stored_picture",
    "stored_video",
    "stored_wide_picture",
    "the_campaign",
    "unsubscribe_token",
    "version_of",
    "write_pledge",
]
