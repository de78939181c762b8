"""Endorsing as an organisation: the form, and what happens when it is sent."""

from flask import Response, request
from werkzeug.datastructures import CombinedMultiDict

from pledge.abuse.signals import Signal
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
)
from pledge.web.public.endorsing.forms import CHANGED_PLEDGE, EndorseForm
from pledge.web.public.endorsing.subject import ENDORSEMENT
from pledge.web.public.signing import proof_of_work
from pledge.web.public.signing.proof_of_work import FormRefused, ProofAnswer
from pledge.web.public.signing.sign import with_retry_after
from pledge.web.request_checks import allows
from pledge.web.templating import render_page


@public.get("/c/<slug>/endorse")
def endorse(slug: str) -> Response:
    return _form_page(campaign_or_404(slug), EndorseForm(country=countries.HOME), 200)


@public.post("/c/<slug>/endorse")
@allows(body=files.MAX_FORM, parts=files.MAX_FIELDS)
def endorse_post(slug: str) -> Response:
    campaign = campaign_now_or_404(slug)
    form = EndorseForm(CombinedMultiDict([request.files, request.form]))
    if not campaign.is_open:  # before a picture is taken
        return _not_taken(campaign, form)
    is_valid = form.validate()
    answer = proof_of_work.read_answer(form, slug) if is_valid else ProofAnswer.NONE
    if answer is not ProofAnswer.PROVED:  # that one was counted when it was sent without
        try:
            proof_of_work.count(form, slug, is_valid=is_valid)
        except FormRefused as error:
            files.store_logo(form)  # so that it is kept with the rest of the form
            return with_retry_after(_form_page(campaign, form, error.status), error)
    # Stored also when there are other mistakes, so that all of them are shown at once and a good logo is kept.
    if not files.store_logo(form) or not is_valid:
        return _form_page(campaign, form, 422)
    kept = form.logo_kept.data or ""
    found = proof_of_work.assess(form, slug, answer, has_code=False, logo_kept=kept)
    try:
        ticket = endorsements.apply(_application(slug, form, proved=Signal.PROVED in found))
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
        contact_name=form.contact_name.data or "",
        contact_title=form.contact_title.data or "",
        mailbox=form.address,
        show_contact=form.show_contact.data,
        registration_number=form.registration_number.data or "",
        lang=i18n.language(),
        privacy_version=markdown.privacy_version(),
        pledge_version=form.version,
        proved=proved,
    )


def _form_page(campaign: CampaignView, form: EndorseForm, status: int) -> Response:
    page = campaign_page(campaign)
    return render_page("public/endorsing/endorse.html", status, page=page, form=form, subject=ENDORSEMENT)


def _not_taken(campaign: CampaignView, form: EndorseForm) -> Response:
    """Staff have paused signing, and with it endorsing (503); the campaign closed while the page was open (409); or the form named
    a pledge text that does not exist (422). Nothing was stored.
    """
    if campaign.is_paused:
        response = _form_page(campaign, form, 503)
        response.headers["Retry-After"] = str(RETRY_AFTER_PAUSE)
        return response
    if not campaign.is_open:
        return _form_page(campaign, form, 409)
    form.pledge_version.errors = [CHANGED_PLEDGE]
    return _form_page(campaign, form, 422)
