"""A person's signature as a subject of mailed links: its use cases and what its pages show."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from flask import request

from pledge.campaigns.events import campaign_events
from pledge.campaigns.goals import GoalStep
from pledge.campaigns.queries import CampaignView
from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.ledger import queries as ledger
from pledge.mailed_links.links import Link
from pledge.signatures import services
from pledge.signatures.models import SignatureState
from pledge.signatures.queries import SignatureView, open_link, own_signature
from pledge.web.caching import SECONDS, cache
from pledge.web.public.campaign.pages import cached_campaign, cached_pledge, goal_step
from pledge.web.public.campaign.sharing import qr_code, short_link, signer_links
from pledge.web.public.forms import OwnForm, SignForm
from pledge.web.public.mailed_links.subject import Subject, plain

#: Campaign and pledge text as of a second ago at most.
CACHED = (cached_campaign, cached_pledge)


def open_cached_link(token: str, lang: str) -> Link[SignatureView]:
    """What a link refers to. A page shows its campaign as it was a second ago at most; the answer to a form, which may say
    why it was not taken, as it is now.
    """
    if request.method == "POST":
        return open_link(token, lang)
    return open_link(token, lang, CACHED)


def own_context(signature: SignatureView) -> dict[str, Any]:
    return {
        "number": signature.number if signature.row.state == SignatureState.CONFIRMED else None,
        "share": signer_links(signature.campaign),
        "form": OwnForm(obj=signature.row),
        "again": _form_to_sign_again(signature),
        "unsubscribe_token": tokens.mint(Purpose.UNSUBSCRIBE, [signature.row.id]),
    }


def _form_to_sign_again(signature: SignatureView) -> SignForm | None:
    """Filled in but for the consents, while the campaign takes signatures."""
    if signature.row.state != SignatureState.WITHDRAWN or not signature.campaign.is_open:
        return None
    row = signature.row
    return SignForm(name=row.name, email=row.email, country=row.country, region=row.region)


#: Events named on the page with the thanks.
NEAREST_EVENTS = 2


def thanks_context(campaign: CampaignView) -> dict[str, Any]:
    coming = (event for event in campaign_events(campaign.id) if not event.is_over)
    return {
        "step": step_with(campaign, 1),
        "share": signer_links(campaign),
        "qr": qr_code(short_link(campaign)),
        "events": list(islice(coming, NEAREST_EVENTS)),
    }


def step_with(campaign: CampaignView, number: int) -> GoalStep:
    """How far the campaign is with the person of this number, though the count that is kept may be from a moment before."""
    return goal_step(campaign, max(_people(campaign.id), number))


@cache.cached(SECONDS, make_cache_key=lambda campaign_id: f"people {campaign_id}")
def _people(campaign_id: int) -> int:
    return ledger.count(campaign_id).people


def readable(signature: SignatureView) -> dict[str, Any]:
    """What is stored about a person; `via` is the code of whose link led to the form, the hashes tell nothing without the key."""
    row = signature.row
    return {
        **plain(row, "name", "email", "country", "region", "public_name", "updates", "state", "via"),
        **plain(row, "submitted_at", "confirmed_at", "withdrawn_at", "erase_at", "mail_provider"),
        **plain(row, "network_hash", "wide_network_hash", "domain_hash"),
        "consent": asdict(signature.consent),
        "invalidated_for": signature.invalidated_for,
        "name_hidden_by_staff": row.name_hidden,
    }


SIGNATURE = Subject(
    name="signature",
    prefix="",
    not_mine_path="not-me",
    form="public.sign",
    form_template="public/signing/sign.html",
    confirm_template="public/signing/confirm.html",
    thanks_template="public/signing/thanks.html",
    own_template="public/signing/own.html",
    words="public/signing/words.html",
    questions="public/signing/questions.html",
    has_code=True,
    link=Purpose.CONFIRM,
    pressed=Purpose.PRESSED,
    own=Purpose.MANAGE,
    use_cases=services,
    open_link=open_cached_link,
    find_own=own_signature,
    readable=readable,
    own_context=own_context,
    thanks_context=thanks_context,
)
