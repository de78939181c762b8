"""Endorsing as an organisation: the form, and what happens when it is sent."""

from flask import Response, request
from werkzeug.datastructures import CombinedMultiDict

from pledge.abuse.signals import Signal
from pledge.campaigns.opening import CampaignNotOpen, SigningPaused, check_not_paused
from pledge.core import countries, i18n
from pledge.core.text import markdown
from pledge.endorsements import services as endorsements
from pledge.files.services import UnknownFile
from pledge.web.public.admission import NotAdmitted, admit
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import campaign_now_or_404, campaign_or_404
from pledge.web.public.endorsing.forms import MAX_FIELDS, MAX_FORM, EndorseForm
from pledge.web.public.endorsing.journey import ENDORSEMENT
from pledge.web.public.form_pages import form_page, not_recorded
from pledge.web.public.forms import version
from pledge.web.public.mailed_links.link_pages import to_check
from pledge.web.routes import Body


@public.page("/c/<slug>/endorse")
def endorse(slug: str) -> Response:
    return form_page(ENDORSEMENT, campaign_or_404(slug), EndorseForm(country=countries.HOME))


@public.act("/c/<slug>/endorse", body=Body(MAX_FORM, parts=MAX_FIELDS))
def endorse_post(slug: str) -> Response:
    form = EndorseForm(CombinedMultiDict([request.files, request.form]))
    try:
        _check_open(slug)  # before a picture is taken
        seen = admit(form)
        ticket = endorsements.apply(_application(slug, form, proved=Signal.PROVED in seen))
    except UnknownFile:
        form.refuse_logo()
        return form_page(ENDORSEMENT, campaign_now_or_404(slug), form, 422)
    except (NotAdmitted, SigningPaused, CampaignNotOpen) as error:
        return not_recorded(ENDORSEMENT, slug, form, error)
    return to_check(ENDORSEMENT, slug, ticket)


def _check_open(slug: str) -> None:
    check_not_paused()
    if not campaign_now_or_404(slug).is_open:
        raise CampaignNotOpen


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
        pledge_version=version(form.pledge_version),
        proved=proved,
    )
