"""Signing: the page of the form, and what happens when it is sent."""

from functools import partial
from typing import Protocol

from flask import Response, request

from pledge.abuse import signals
from pledge.abuse.signals import Signal
from pledge.campaigns.opening import CampaignNotOpen, SigningPaused, check_not_paused
from pledge.campaigns.queries import CampaignView
from pledge.core import countries, metrics
from pledge.signatures import services as signatures
from pledge.statistics import referrals
from pledge.web.caching import cache, cached
from pledge.web.forms import see_other
from pledge.web.limits import client_network
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import (
    PAGE_CACHE,
    RETRY_AFTER_PAUSE,
    campaign_now_or_404,
    campaign_or_404,
    campaign_page,
)
from pledge.web.public.signing import proof_of_work
from pledge.web.public.signing.forms import CHANGED_TEXT, SignForm
from pledge.web.public.signing.proof_of_work import FormRefused, ProofAnswer, ProofRequired
from pledge.web.public.signing.subject import SIGNATURE
from pledge.web.templating import render_page

#: Seconds for which a process keeps the codes of a campaign: who signs does not wait for them.
_KEEP_CODES = 60


class NextUrl(Protocol):
    def __call__(self, ticket: str, **query: str) -> str: ...


@public.get("/c/<slug>/sign")
@cached(PAGE_CACHE, reads=("via",))
def sign(slug: str) -> Response:
    """The query may say whose link led here; elsewhere sign-form.js puts that into the form, as those pages do not read it."""
    via = request.args.get("via")
    return _form_page(campaign_or_404(slug), SignForm(country=countries.HOME, via=via), 200)


@public.post("/c/<slug>/sign")
def sign_post(slug: str) -> Response:
    return handle_submission(slug, partial(SIGNATURE.url, "check", slug=slug))


def handle_submission(slug: str, next_url: NextUrl) -> Response:
    """Record the form that was sent: 303 to `next_url`. Raises FormRefused and ProofRequired, whose pages each site of the form has."""
    form = SignForm(request.form)
    try:
        check_not_paused()
        is_valid = form.validate()
        answer = proof_of_work.read_answer(form, slug) if is_valid else ProofAnswer.NONE
        if answer is not ProofAnswer.PROVED:  # that one was counted when it was sent without
            proof_of_work.count(form, slug, is_valid=is_valid)
        if not is_valid:
            raise FormRefused(campaign_now_or_404(slug), form, 422)
        found = proof_of_work.assess(form, slug, answer, has_code=True)
        submission = form.submission(
            slug,
            via=_codes(slug).get(form.via.data) if form.via.data else None,
            network=client_network(),
            signals=signals.names(found),
            hold_reason=signals.hold_reason(found),
        )
        ticket = signatures.sign(submission)
    except SigningPaused:  # the page says so, without the form, and that nothing was stored
        raise FormRefused(campaign_now_or_404(slug), SignForm(), 503, retry_after=RETRY_AFTER_PAUSE) from None
    except CampaignNotOpen:
        campaign = campaign_now_or_404(slug)
        if not campaign.is_open:  # it closed while the page was open
            raise FormRefused(campaign, form, 409) from None
        form.pledge_version.errors = [CHANGED_TEXT]  # the form named a version of a text that does not exist
        raise FormRefused(campaign, form, 422) from None
    metrics.sign_ups.labels(slug).inc()
    return see_other(next_url(ticket=ticket, **({"by": "code"} if Signal.UNPROVED in found else {})))


@public.errorhandler(FormRefused)
def form_refused(error: FormRefused) -> Response:
    return with_retry_after(_form_page(error.campaign, error.form, error.status), error)


@public.errorhandler(ProofRequired)
def proof_required(error: ProofRequired) -> Response:
    """The page that asks for the proof, for a person's form and for an organisation's."""
    page = render_page(
        "public/signing/proof_of_work.html",
        error.status,
        layout="layouts/action.html",
        page=error.campaign,
        step=error,
        action=request.path,
    )
    return with_retry_after(page, error)


def with_retry_after(response: Response, error: FormRefused | ProofRequired) -> Response:
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@cache.memoize(_KEEP_CODES)
def _codes(slug: str) -> dict[str, str]:
    return referrals.codes(slug)


def _form_page(campaign: CampaignView, form: SignForm, status: int) -> Response:
    page = campaign_page(campaign)
    form.show_consent(page.consent_version)
    return render_page("public/signing/sign.html", status, page=page, form=form)
