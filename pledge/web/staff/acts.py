"""What each act of staff asks before it is done.

A second factor is for what is public at once or cannot be taken back; a reason is for what the audit log must explain; a page of
its own for what is removed; a second person for what speaks in the name of a campaign or changes a count. What one press takes
back again, or what changes nothing for others, asks for nothing.
"""

from enum import Flag, auto


class Ask(Flag):
    NOTHING = 0
    CONFIRMATION = auto()  #: a page of its own, which names the thing
    REASON = auto()
    FACTOR = auto()  #: the second factor, shown within five minutes
    SIGN_IN = auto()  #: the password with it, unless a passkey is shown (ASVS 5.0, 7.5.1)
    FILE = auto()  #: and is answered with a file: as no page comes with that, a button of its own fetches it
    FACTOR_IF_PUBLIC = auto()  #: the same, where people sign what it changes: the use case asks
    SECOND_PERSON = auto()


_DECIDED = Ask.FACTOR | Ask.SECOND_PERSON
_TAKEN = Ask.REASON | Ask.FACTOR

#: By the endpoint of the form.
ACTS: dict[str, Ask] = {
    # Campaigns: saving shows what somebody else stored, and the next save takes it back.
    "campaigns": Ask.NOTHING,
    "campaign_texts": Ask.NOTHING,
    "campaign_texts_restore": Ask.NOTHING,
    "campaign_photo": Ask.NOTHING,
    "campaign_video": Ask.NOTHING,
    "campaign_quotation": Ask.NOTHING,
    "campaign_letters": Ask.NOTHING,
    "campaign_letter_text": Ask.NOTHING,
    "campaign_pledge": Ask.NOTHING,
    "campaign_texts_preview": Ask.NOTHING,
    "campaign_pledge_publish": Ask.FACTOR,
    "campaign_schedule": Ask.REASON | Ask.FACTOR_IF_PUBLIC,  # another closing date
    "campaign_recipient": Ask.REASON | Ask.FACTOR_IF_PUBLIC,
    "campaign_sharing": Ask.NOTHING,
    "campaign_sharing_preview": Ask.NOTHING,
    "campaign_reply_to": Ask.FACTOR,  # what people answer goes there
    "campaign_state_post": Ask.CONFIRMATION | _TAKEN,
    "item_post": Ask.NOTHING,
    "item_move": Ask.NOTHING,
    "item_remove": Ask.CONFIRMATION | Ask.REASON,
    "partner_import_post": Ask.NOTHING,
    # News
    "news_new_post": Ask.NOTHING,
    "news_item_post": Ask.NOTHING,
    "news_test": Ask.NOTHING,
    "news_propose": Ask.NOTHING,
    "news_announce": Ask.FACTOR,  # it goes out without a second person
    "news_stop_announced": Ask.REASON,
    "news_take_back": Ask.NOTHING,
    "news_approve": _DECIDED,
    "news_stop": Ask.REASON,
    "news_remove": Ask.CONFIRMATION | Ask.REASON,
    # Paper
    "paper_new_post": Ask.NOTHING,
    "paper_edit": Ask.NOTHING,
    "paper_check": _DECIDED,
    "paper_scan": Ask.FACTOR | Ask.FILE,  # names and handwriting
    "paper_withdraw": _TAKEN,
    "paper_remove": Ask.CONFIRMATION | Ask.REASON,
    # Deliveries; the factor of the preview is still recent when the next button freezes it
    "delivery_draft_post": Ask.FACTOR,
    "delivery_letter": Ask.NOTHING,
    "delivery_edit": Ask.NOTHING,
    "delivery_freeze": Ask.FACTOR,
    "delivery_retry": Ask.NOTHING,
    "delivery_download": Ask.FACTOR | Ask.FILE,
    "delivery_hand_over": Ask.FACTOR,  # a correction asks for a reason too
    "delivery_answer": Ask.FACTOR,
    "delivery_discard": _TAKEN,
    "export": Ask.NOTHING,  # all of it is public
    "export_download": Ask.NOTHING,
    "export_totals": Ask.NOTHING,
    # Organisations: what was decided is taken back on the same page, and the person is told why. Publishing and taking that back,
    # which the next page offers, ask for nothing, nor does a look at the website.
    "organization_act": Ask.REASON,
    "organizations_publish": Ask.NOTHING,  # taken back within ten minutes without a public line
    "organization_here": Ask.NOTHING,
    "organization_take": Ask.NOTHING,
    "organization_reasons": Ask.NOTHING,
    # Signatures
    "signatures_post": Ask.NOTHING,
    "signature_resend": Ask.NOTHING,
    "signature_hide_name": Ask.REASON,
    "signature_allow_name": Ask.REASON,
    "signature_stop_news": _TAKEN,
    "signature_withdraw": _TAKEN,
    "signature_plan_erasure": _TAKEN,
    "signature_stop_erasure": Ask.NOTHING,
    "signature_release": _TAKEN,
    "signature_clear": _TAKEN,
    "watch_post": Ask.NOTHING,
    "watch_act": Ask.REASON,
    "watch_list": _TAKEN,
    "watch_lift": Ask.NOTHING,
    "invalidation_new_post": Ask.REASON,
    "invalidation_approve": _DECIDED,
    "invalidation_discard": Ask.REASON,
    "invalidation_undo": _TAKEN,
    # Administration
    "switch": _TAKEN,
    "retry_one": Ask.NOTHING,
    "retry_all": Ask.NOTHING,
    "lift_suppression": Ask.NOTHING,
    "invite": Ask.FACTOR,
    "invite_again": Ask.FACTOR,
    "set_roles": Ask.FACTOR,
    "close": _TAKEN,
    "cut_sessions": Ask.FACTOR,
    "audit_export": _TAKEN | Ask.FILE,
    # One's own account: what changes how one signs in
    "password": Ask.FACTOR,
    "authenticator": Ask.SIGN_IN,
    "remove_authenticator": Ask.SIGN_IN,
    "passkey_new": Ask.SIGN_IN,
    "passkey_add": Ask.SIGN_IN,
    "remove_passkey": Ask.SIGN_IN,
    "recovery_codes": Ask.SIGN_IN,
    "choose_name": Ask.NOTHING,
    "choose_alerts": Ask.NOTHING,
    "end_sessions": Ask.NOTHING,  # everybody may sign themselves out
}


def asks(endpoint: str) -> Ask:
    return ACTS.get(endpoint.removeprefix("staff."), Ask.NOTHING)


def asked_names(endpoint: str) -> list[str]:
    """As asks(), for templates. Raises KeyError for what is no act."""
    return [str(asked.name).lower() for asked in ACTS[endpoint]]
