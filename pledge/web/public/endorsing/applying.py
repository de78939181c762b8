"""Endorsing as an organisation: the form, and what happens when it is sent."""

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import CombinedMultiDict

from pledge.campaigns.opening import CampaignNotOpen, SigningPaused
from pledge.campaigns.queries import CampaignView
from pledge.core import countries, i18n
from pledge.core.text import markdown
from pledge.endorsements import services as endorsements
from pledge.files.services import UnknownFile
from pledge.web.forms import see_other
from pledge.web.public.blueprint import public
from pledge.web.public.campaign import files
from pledge.web.public.campaign.pages import (
    RETRY_AFTER_PAUSE,
    campaign_now_or_404,
    campaign_or_404,
    campaign_page,
    signing_paused,
)
from pledge.web.public.endorsing.forms import EndorseForm
from pledge.web.public.endorsing.subject import ENDORSEMENT
from pledge.web.public.signing import sign_up_limit, step_up
from pledge.web.public.signing.sign import one_more_step
from pledge.web.public.signing.step_up import ExtraStep, StepAnswer
from pledge.web.request_checks import allows


@public.get("/c/<slug>/endorse")
def endorse(slug: str) -> Response:
    return _form_page(campaign_or_404(slug), EndorseForm(country=countries.HOME), 200)


@public.post("/c/<slug>/endorse")
@allows(body=files.MAX_FORM, parts=files.MAX_FIELDS)
def endorse_post(slug: str) -> Response:
    campaign = campaign_now_or_404(slug)
    form = EndorseForm(CombinedMultiDict([request.files, request.form]))
    if signing_paused() or not campaign.is_open:  # before a picture is taken
        return _not_taken(campaign, form)
    is_valid = form.validate()
    answer = step_up.read_answer(form, slug) if is_valid else StepAnswer.NONE
    if answer is not StepAnswer.PROVED:  # that one was counted when it was sent without
        sign_up_limit.count(form, lambda: _beyond_limit(campaign, form), is_valid=is_valid)
    # Stored also when there are other mistakes, so that all of them are shown at once and a good logo is kept.
    if not files.store_logo(form) or not is_valid:
        return _form_page(campaign, form, 422)
    verdict = step_up.judge(form, slug, answer, has_code=False, logo_kept=form.logo_kept.data or "")
    if verdict.step is not None:
        return one_more_step(verdict.step, _step_page(campaign, verdict.step))
    try:
        ticket = endorsements.apply(_application(slug, form, proved=verdict.is_proved))
    except UnknownFile:
        files.refuse_logo(form)
        return _form_page(campaign, form, 422)
    except (SigningPaused, CampaignNotOpen):
        return _not_taken(campaign_now_or_404(slug), form)
    return see_other(ENDORSEMENT.url("check", slug=slug, ticket=ticket))


def _application(slug: str, form: EndorseForm, *, proved: bool) -> endorsements.Application:
    return endorsements.Application(
        slug=slug,
        content=form.content(),
        contact=endorsements.Contact(
            name=form.contact_name.data or "",
            title=form.contact_title.data or "",
            mailbox=form.address,
            show=form.show_contact.data,
        ),
        registration_number=form.registration_number.data or "",
        lang=i18n.language(),
        privacy_version=markdown.privacy_version(),
        pledge_version=form.version,
        proved=proved,
    )


def _form_page(campaign: CampaignView, form: EndorseForm, status: int) -> Response:
    page = campaign_page(campaign)
    return make_response(
        render_template("public/endorsing/endorse.html", page=page, form=form, subject=ENDORSEMENT), status
    )


def _step_page(campaign: CampaignView, step: ExtraStep) -> str:
    action = url_for("public.endorse", slug=campaign.slug)
    return render_template("public/signing/step_up.html", page=campaign, step=step, action=action)


def _beyond_limit(campaign: CampaignView, form: EndorseForm) -> Response:
    files.store_logo(form)  # so that it is kept with the rest of the form
    return _form_page(campaign, form, 429)


def _not_taken(campaign: CampaignView, form: EndorseForm) -> Response:
    return _paused(campaign, form) if signing_paused() else _not_open(campaign, form)


def _paused(campaign: CampaignView, form: EndorseForm) -> Response:
    """Staff have paused signing, and with it endorsing: the page says so, and that nothing was stored."""
    response = _form_page(campaign, form, 503)
    response.headers["Retry-After"] = str(RETRY_AFTER_PAUSE)
    return response


def _not_open(campaign: CampaignView, form: EndorseForm) -> Response:
    """The campaign closed while the page was open (409), or the form named a pledge text that does not exist (422)."""
    if not campaign.is_open:
        return _form_page(campaign, form, 409)
    form.pledge_version.errors = [_("The pledge text was changed. Please read it again and endorse it.")]
    return _form_page(campaign, form, 422)
