"""The page with the form of a person or of an organisation, the answers to one that was not recorded, and the redirect after one
that was.

The page that asks for a proof of work is the same whatever the address is and whoever has signed, and names none. Its form
carries all that was sent, so nothing is typed twice.
"""

import math
from collections.abc import Iterable
from typing import Any

from flask import Response
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from pledge.abuse import proof
from pledge.campaigns.opening import CampaignNotOpen, SigningPaused
from pledge.campaigns.queries import CampaignView
from pledge.web.public.admission import NotAdmitted, ProofAnswer, ProofNeeded, proof_purpose
from pledge.web.public.campaign.pages import RETRY_AFTER_PAUSE, campaign_now_or_404, campaign_page
from pledge.web.public.forms import ProvableForm
from pledge.web.public.mailed_links.journey import Journey
from pledge.web.templating import render_page

#: What was wrong with an answer.
_FAULTS = {
    ProofAnswer.EXPIRED: _l("The calculation was more than five minutes ago, so it is done again."),
    ProofAnswer.SPENT: _l("This calculation was used already, so another one is needed."),
    ProofAnswer.UNUSABLE: _l("The calculation did not arrive as it should, so it is done again."),
}


def form_page(
    journey: Journey,
    campaign: CampaignView,
    form: ProvableForm | None,
    status: int = 200,
    retry_after: int | None = None,
) -> Response:
    """The page with the form, or with the faults of one that was not recorded. None if the page has no form."""
    page = campaign_page(campaign)
    if form is not None:
        form.show_on(page)
    return render_page(journey.form_template, status, retry_after, journey=journey, page=page, form=form)


def not_recorded(
    journey: Journey, slug: str, form: ProvableForm, error: NotAdmitted | SigningPaused | CampaignNotOpen
) -> Response:
    """The answer to a form that was not admitted (422, or 429 when it came too soon) or needs a proof first (403); to one of a
    campaign that closed while the page was open (409); while staff have paused signing, and with it endorsing (503); or that
    named a version of a text that does not exist (422). Nothing was stored.
    """
    campaign = campaign_now_or_404(slug)
    if isinstance(error, ProofNeeded):
        return proof_page(form, error.answer, journey=journey, page=campaign)
    if isinstance(error, NotAdmitted):
        return form_page(journey, campaign, form, 429 if form.retry_after else 422, form.retry_after)
    if not campaign.is_running:
        return form_page(journey, campaign, form, 409)
    if isinstance(error, SigningPaused):
        return form_page(journey, campaign, form, 503, RETRY_AFTER_PAUSE)
    form.pledge_version.errors = [form.changed_text]
    return form_page(journey, campaign, form, 422)


def proof_page(form: ProvableForm, answer: ProofAnswer, **about: Any) -> Response:
    """The page that asks for a proof. `about`: the journey and the campaign (`page`); for a form of no campaign the `address`
    to which one may write without JavaScript.
    """
    return render_page(
        "public/signing/proof_of_work.html",
        429 if form.retry_after else 403,
        form.retry_after,
        challenge=proof.challenge(proof_purpose(form)),
        fields=list(_sent(form)),
        fault=_unproved_words(form.retry_after) if form.retry_after else _FAULTS.get(answer),
        **about,
    )


def see_other(location: str) -> Response:
    """303 with an empty body: the answer must be the same bytes for everybody."""
    return Response(status=303, headers={"Location": location})


def _unproved_words(seconds: int) -> str:
    return str(
        ngettext(
            "Many people in your network have gone on without the calculation. Please do so in about %(num)d minute, or use a browser with JavaScript.",
            "Many people in your network have gone on without the calculation. Please do so in about %(num)d minutes, or use a browser with JavaScript.",
            math.ceil(seconds / 60),
        )
    )


def _sent(form: ProvableForm) -> Iterable[tuple[str, str]]:
    """All fields of the form as they were sent, without the answer to the page that asks for a proof and without files."""
    for field in form:
        if field not in (form.altcha, form.unproved):
            yield from ((field.name, value) for value in field.raw_data or () if isinstance(value, str))
