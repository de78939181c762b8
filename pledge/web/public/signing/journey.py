"""A person's signature as a journey of mailed links: its use cases and what its pages show."""

from itertools import islice
from typing import Any

from flask import request

from pledge.campaigns.events import campaign_events
from pledge.campaigns.goals import GoalStep
from pledge.campaigns.queries import CampaignView
from pledge.core import countries, i18n, tokens
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger import queries as ledger
from pledge.mail.models import RequestKind
from pledge.mailed_links.links import Confirmation, Link
from pledge.signatures import services
from pledge.signatures.queries import SignatureView, open_link, own_signature
from pledge.web.caching import SECONDS, cache
from pledge.web.public.campaign.pages import cached_campaign, cached_pledge, goal_step
from pledge.web.public.campaign.sharing import qr_code, short_link, signer_links
from pledge.web.public.mailed_links.journey import Journey

#: Campaign and pledge text as of a second ago at most.
CACHED = (cached_campaign, cached_pledge)


def open_cached_link(token: str, lang: str) -> Link[SignatureView]:
    """What a link refers to. A page shows its campaign as it was a second ago at most; the answer to a form, which may say
    why it was not taken, as it is now.
    """
    if request.method == "POST":
        return open_link(token, lang)
    return open_link(token, lang, CACHED)


def confirm_by_code(slug: str, ticket: str, code: str) -> tuple[Confirmation, str]:
    try:
        submission = services.read_ticket(slug, ticket)
    except BadToken:
        return Confirmation.WRONG, ""
    return services.confirm_by_code(submission, code), tokens.mint(Purpose.CONFIRM, [submission])


#: Events named on the page with the thanks.
NEAREST_EVENTS = 2


def thanks_context(campaign: CampaignView) -> dict[str, Any]:
    coming = (event for event in campaign_events(campaign.id) if not event.is_over)
    return {
        "step": step_with(campaign, 1),
        "share": signer_links(campaign),
        "qr": qr_code(short_link(campaign)),
        "regions": countries.region_choices(i18n.language()),
        "events": list(islice(coming, NEAREST_EVENTS)),
    }


def step_with(campaign: CampaignView, number: int) -> GoalStep:
    """Goal progress counting this signer, even if the cached count lags."""
    return goal_step(campaign, max(_people(campaign.id), number))


@cache.cached(SECONDS, make_cache_key=lambda campaign_id: f"people {campaign_id}")
def _people(campaign_id: int) -> int:
    return ledger.count(campaign_id).people


SIGNATURE = Journey(
    name="signature",
    form="public.sign",
    form_template="public/signing/sign.html",
    confirm_template="public/signing/confirm.html",
    thanks_template="public/signing/thanks.html",
    words="public/signing/words.html",
    questions="public/signing/questions.html",
    ticket=Purpose.TICKET,
    link=Purpose.CONFIRM,
    pressed=Purpose.PRESSED,
    own=Purpose.MANAGE,
    link_request=RequestKind.LINK,
    use_cases=services,
    open_link=open_cached_link,
    find_own=own_signature,
    thanks_context=thanks_context,
    confirm_by_code=confirm_by_code,
)
