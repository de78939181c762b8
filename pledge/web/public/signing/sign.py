"""Signing: the page of the form, and what happens when it is sent."""

from collections.abc import Callable
from typing import TypeAlias

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _

from pledge.campaigns.opening import CampaignNotOpen, SigningPaused
from pledge.campaigns.queries import CampaignView
from pledge.core import countries, i18n, metrics
from pledge.core.text import markdown
from pledge.signatures import services as signatures
from pledge.statistics import referrals
from pledge.web.caching import cache
from pledge.web.limits import client_network
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import campaign_now_or_404, campaign_or_404, campaign_page
from pledge.web.public.campaign.switched import RETRY_AFTER_PAUSE, signing_paused
from pledge.web.public.signing import sign_up_limit
from pledge.web.public.signing.forms import SignForm
from pledge.web.public.signing.subject import SIGNATURE

#: Seconds for which a process keeps the codes of a campaign: who signs does not wait for them.
_KEEP_CODES = 60

#: Shows the form, with a status.
FormPage: TypeAlias = Callable[[CampaignView, SignForm, int], Response]


@public.get("/c/<slug>/sign")
def sign(slug: str) -> Response:
    """The query may say whose link led here; elsewhere sign-form.js puts that into the form, as those pages are cached."""
    via = request.args.get("via")
    return _form_page(campaign_or_404(slug), SignForm(country=countries.HOME, via=via), 200)


@public.post("/c/<slug>/sign")
def sign_post(slug: str) -> Response:
    return take(slug, _form_page, lambda ticket: SIGNATURE.url("check", slug=slug, ticket=ticket))


def take(slug: str, form_page: FormPage, next_url: Callable[[str], str]) -> Response:
    """Take the form that was sent: 303 to `next_url` of its ticket, or the form's page once more with what is wrong."""
    if signing_paused():
        return _paused(slug, form_page)
    form = SignForm(request.form)
    is_valid = form.validate()
    sign_up_limit.count(form, lambda: form_page(campaign_now_or_404(slug), form, 429), is_valid=is_valid)
    if not is_valid:
        return form_page(campaign_now_or_404(slug), form, 422)
    try:
        ticket = signatures.sign(_submission(slug, form))
    except SigningPaused:
        return _paused(slug, form_page)
    except CampaignNotOpen:
        return _not_open(campaign_now_or_404(slug), form, form_page)
    metrics.sign_ups.labels(slug).inc()
    return see_other(next_url(ticket))


def see_other(location: str) -> Response:
    """303 with an empty body: the answer must be the same bytes for everybody."""
    return Response(status=303, headers={"Location": location})


def _submission(slug: str, form: SignForm) -> signatures.Submission:
    return signatures.Submission(
        slug=slug,
        name=form.name.data,
        address=form.address,
        country=form.country.data,
        region=form.region.data or None,
        public_name=form.public_name.data,
        updates=form.updates.data,
        lang=i18n.language(),
        privacy_version=markdown.privacy_version(),
        pledge_version=form.version,
        list_terms=form.agreed_terms,
        via=_known(slug, form.via.data),
        network=client_network(),
    )


def _known(slug: str, via: str | None) -> str | None:
    return _codes(slug).get(via) if via else None


@cache.memoize(_KEEP_CODES)
def _codes(slug: str) -> dict[str, str]:
    return referrals.codes(slug)


def _form_page(campaign: CampaignView, form: SignForm, status: int) -> Response:
    page = campaign_page(campaign)
    form.show_terms(page.list_terms.version if page.list_terms else None)
    return make_response(render_template("public/signing/sign.html", page=page, form=form), status)


def _paused(slug: str, form_page: FormPage) -> Response:
    """Staff have paused signing: the page says so, without the form, and that nothing was stored."""
    response = form_page(campaign_now_or_404(slug), SignForm(), 503)
    response.headers["Retry-After"] = str(RETRY_AFTER_PAUSE)
    return response


def _not_open(campaign: CampaignView, form: SignForm, form_page: FormPage) -> Response:
    """The campaign closed while the page was open (409), or the form named a pledge text that does not exist (422)."""
    if not campaign.is_open:
        return form_page(campaign, form, 409)
    form.pledge_version.errors = [_("The pledge text was changed. Please read it again and sign.")]
    return form_page(campaign, form, 422)
