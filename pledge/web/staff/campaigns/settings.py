"""What a campaign promises and who answers for it: the recipient in its consents, the address for answers, its secretariat."""

from flask import Response, request
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import items, moderation, senders
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PARTNER
from pledge.campaigns.rules import stamp
from pledge.campaigns.staff_queries import CampaignAdmin
from pledge.core import languages, urls
from pledge.web.staff.auth.access import actor, needs, was_shown_lately
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, RecipientForm, ReplyForm, saved, section_page
from pledge.web.staff.forms import SavingProblem, StampedForm, attempt

_SETTINGS = "/campaigns/<slug>/settings"


@staff.get(_SETTINGS)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_settings(slug: str) -> Response:
    return _page(campaigns.desk(slug), OK)


@staff.post(f"{_SETTINGS}/recipient")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_recipient(slug: str) -> AnyResponse:
    form = RecipientForm(request.form)
    texts = {f"recipient_{lang}": form[f"recipient_{lang}"].data or "" for lang in languages.codes()}
    problem = attempt(
        form,
        lambda: moderation.edit_texts(
            *(actor(), slug, form.seen.data or "", texts, form.reason.data or ""),
            is_stepped_up=was_shown_lately(),
        ),
    )
    return _answer(slug, problem, recipient_form=form)


@staff.post(f"{_SETTINGS}/reply-to")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_reply_to(slug: str) -> AnyResponse:
    form = ReplyForm(request.form)
    problem = attempt(
        form, lambda: senders.set_reply_to(actor(), slug, form.seen.data or "", form.reply_to.data or "")
    )
    return _answer(slug, problem, reply_form=form)


def _answer(slug: str, problem: SavingProblem | None, **sent: StampedForm) -> AnyResponse:
    return (
        saved("campaign_settings", slug) if problem is None else _page(campaigns.desk(slug), problem, **sent)
    )


def _page(desk: CampaignAdmin, problem: SavingProblem, **sent: StampedForm) -> Response:
    recipient = {f"recipient_{lang}": desk.texts[f"recipient_{lang}"] for lang in languages.codes()}
    reply = {"reply_to": senders.reply_to(desk.id)}
    forms = {
        "recipient_form": RecipientForm(data={**recipient, "seen": stamp(recipient)}),
        "reply_form": ReplyForm(data={**reply, "seen": stamp(reply)}),
        **sent,
    }
    return section_page(
        "staff/campaigns/settings.html",
        desk,
        next(iter(sent.values()), forms["recipient_form"]),
        problem,
        secretariat=[
            item for item in items.rows(PARTNER, desk.id) if item.fields.role == PartnerRole.SECRETARIAT
        ],
        site_contact=urls.contact(),
        **forms,
    )
