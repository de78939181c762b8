"""Signing: the page of the form, and what happens when it is sent."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from flask import Response, make_response, render_template, request, url_for

from pledge.abuse import signals
from pledge.campaigns.opening import CampaignNotOpen, SigningPaused
from pledge.campaigns.queries import CampaignView
from pledge.core import countries, metrics
from pledge.signatures import services as signatures
from pledge.statistics import referrals
from pledge.web.caching import cache
from pledge.web.forms import see_other
from pledge.web.limits import client_network
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import (
    RETRY_AFTER_PAUSE,
    campaign_now_or_404,
    campaign_or_404,
    campaign_page,
    signing_paused,
)
from pledge.web.public.signing import sign_up_limit, step_up
from pledge.web.public.signing.forms import CHANGED_TEXT, SignForm
from pledge.web.public.signing.step_up import ExtraStep, StepAnswer
from pledge.web.public.signing.subject import SIGNATURE

#: Seconds for which a process keeps the codes of a campaign: who signs does not wait for them.
_KEEP_CODES = 60

#: Shows the form, with a status; the step-up in its place; where a recorded form leads, by its ticket.
FormPage: TypeAlias = Callable[[CampaignView, SignForm, int], Response]
StepPage: TypeAlias = Callable[[CampaignView, ExtraStep], str]


class NextUrl(Protocol):
    def __call__(self, ticket: str, **query: str) -> str: ...


@public.get("/c/<slug>/sign")
def sign(slug: str) -> Response:
    """The query may say whose link led here; elsewhere sign-form.js puts that into the form, as those pages are cached."""
    via = request.args.get("via")
    return _form_page(campaign_or_404(slug), SignForm(country=countries.HOME, via=via), 200)


@public.post("/c/<slug>/sign")
def sign_post(slug: str) -> Response:
    return take(slug, _form_page, _step_page, partial(SIGNATURE.url, "check", slug=slug))


def take(slug: str, form_page: FormPage, step_page: StepPage, next_url: NextUrl) -> Response:
    """Take the form that was sent: 303 to `next_url`, the step-up, or the form's page once more with what is wrong."""
    if signing_paused():
        return _paused(slug, form_page)
    form = SignForm(request.form)
    is_valid = form.validate()
    answer = step_up.read_answer(form, slug) if is_valid else StepAnswer.NONE
    if answer is not StepAnswer.PROVED:  # that one was counted when it was sent without
        sign_up_limit.count(form, lambda: form_page(campaign_now_or_404(slug), form, 429), is_valid=is_valid)
    if not is_valid:
        return form_page(campaign_now_or_404(slug), form, 422)
    verdict = step_up.judge(form, slug, answer, has_code=True)
    if verdict.step is not None:
        return one_more_step(verdict.step, step_page(campaign_now_or_404(slug), verdict.step))
    try:
        ticket = signatures.sign(
            form.submission(
                slug,
                via=_known(slug, form.via.data),
                network=client_network(),
                signals=signals.names(verdict.found),
                hold_reason=verdict.hold_reason,
            )
        )
    except SigningPaused:
        return _paused(slug, form_page)
    except CampaignNotOpen:
        return _not_open(campaign_now_or_404(slug), form, form_page)
    metrics.sign_ups.labels(slug).inc()
    return see_other(next_url(ticket=ticket, **({"by": "code"} if verdict.is_unproved else {})))


def one_more_step(step: ExtraStep, page: str) -> Response:
    """The answer with the page of the step-up."""
    response = make_response(page, step.status)
    if step.retry_after is not None:
        response.headers["Retry-After"] = str(step.retry_after)
    return response


def _known(slug: str, via: str | None) -> str | None:
    return _codes(slug).get(via) if via else None


@cache.memoize(_KEEP_CODES)
def _codes(slug: str) -> dict[str, str]:
    return referrals.codes(slug)


def _form_page(campaign: CampaignView, form: SignForm, status: int) -> Response:
    page = campaign_page(campaign)
    form.show_consent(page.consent_version)
    return make_response(render_template("public/signing/sign.html", page=page, form=form), status)


def _step_page(campaign: CampaignView, step: ExtraStep) -> str:
    action = url_for("public.sign", slug=campaign.slug)
    return render_template("public/signing/step_up.html", page=campaign, step=step, action=action)


def _paused(slug: str, form_page: FormPage) -> Response:
    """Staff have paused signing: the page says so, without the form, and that nothing was stored."""
    response = form_page(campaign_now_or_404(slug), SignForm(), 503)
    response.headers["Retry-After"] = str(RETRY_AFTER_PAUSE)
    return response


def _not_open(campaign: CampaignView, form: SignForm, form_page: FormPage) -> Response:
    """The campaign closed while the page was open (409), or the form named a version of a text that does not exist (422)."""
    if not campaign.is_open:
        return form_page(campaign, form, 409)
    form.pledge_version.errors = [CHANGED_TEXT]
    return form_page(campaign, form, 422)
