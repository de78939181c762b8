"""Signing: the page of the form, and what happens when it is sent."""

from dataclasses import replace

from flask import Response, request

from pledge.abuse import signals
from pledge.abuse.signals import Signal
from pledge.campaigns.opening import CampaignNotOpen, SigningPaused, check_not_paused
from pledge.core import countries, metrics
from pledge.signatures import services as signatures
from pledge.statistics import referrals
from pledge.web.caching import cache
from pledge.web.limits import client_network
from pledge.web.public.admission import NotAdmitted, admit
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.public.form_pages import form_page, not_recorded
from pledge.web.public.forms import SignForm
from pledge.web.public.mailed_links.journey import Journey
from pledge.web.public.mailed_links.link_pages import to_check
from pledge.web.public.signing.journey import SIGNATURE

#: Seconds for which a process keeps the codes of a campaign: who signs does not wait for them.
_KEEP_CODES = 60


@public.page("/c/<slug>/sign", cache=PAGE_CACHE)
def sign(slug: str) -> Response:
    """The query may say whose link led here: sign-form.js puts that into the form, as the page is the same for everybody."""
    return form_page(SIGNATURE, campaign_or_404(slug), SignForm(country=countries.HOME))


@public.act("/c/<slug>/sign")
def sign_post(slug: str) -> Response:
    return record(SIGNATURE, slug)


def record(journey: Journey, slug: str) -> Response:
    """Record the form that was sent, on a page of this journey."""
    form = SignForm(request.form)
    try:
        check_not_paused()
        seen = admit(form)
        submission = replace(
            form.submission(slug),
            via=_codes(slug).get(form.via.data) if form.via.data else None,
            network=client_network(),
            signals=signals.names(seen),
            hold_reason=signals.hold_reason(seen),
        )
        ticket = signatures.sign(submission)
    except (NotAdmitted, SigningPaused, CampaignNotOpen) as error:
        return not_recorded(journey, slug, form, error)
    metrics.sign_ups.labels(slug).inc()
    return to_check(journey, slug, ticket, by="code" if Signal.UNPROVED in seen else None)


@cache.memoize(_KEEP_CODES)
def _codes(slug: str) -> dict[str, str]:
    return referrals.codes(slug)
