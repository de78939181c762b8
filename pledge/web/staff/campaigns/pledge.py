"""The pledge text: writing it, and publishing a new version of it after seeing what that changes."""

from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import pledges
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.pledges import NewVersion, wording_changes
from pledge.campaigns.queries import pledge_versions
from pledge.campaigns.staff_queries import CampaignDesk
from pledge.core import languages
from pledge.endorsements import queries as endorsements
from pledge.signatures import queries as signatures
from pledge.statistics.totals import signed_versions
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import PledgeForm, PublishForm
from pledge.web.staff.campaigns.sections import OK, saved, section_page
from pledge.web.staff.campaigns.texts import TEXT_BODY
from pledge.web.staff.forms import SavingProblem, attempt


@staff.get("/campaigns/<slug>/pledge")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_pledge(slug: str) -> Response:
    desk = campaigns.desk(slug)
    wording = campaigns.wording(desk.id)
    form = PledgeForm(data={**languages.by_field("wording", wording.wording), "seen": wording.stamp})
    return _form_page(desk, form, OK)


@staff.post("/campaigns/<slug>/pledge")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_pledge_post(slug: str) -> AnyResponse:
    """Save, or show what a new version changes: this publishes nothing."""
    form = PledgeForm(request.form)
    try:
        problem = attempt(form, lambda: _edit(slug, form))
    except NewVersion as new:
        return _publish_page(slug, form, new.version, new.one_language, 200)
    if problem:
        return _form_page(campaigns.desk(slug), form, problem)
    return saved("campaign_pledge", slug)


@staff.post("/campaigns/<slug>/pledge/edit")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_pledge_edit(slug: str) -> Response:
    """Back to the form, with everything that was written."""
    return _form_page(campaigns.desk(slug), PledgeForm(request.form), OK)


@staff.post("/campaigns/<slug>/pledge/publish")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def campaign_pledge_publish(slug: str) -> AnyResponse:
    form = PublishForm(request.form)
    is_partial = bool(form.one_language.data)
    try:
        problem = attempt(form, lambda: _edit(slug, form, agreed=form.agreed, one_language=is_partial))
    except NewVersion as new:
        return _publish_page(slug, form, new.version, new.one_language, 409)
    if problem and form.one_language.errors:
        return _publish_page(slug, form, form.agreed, True, problem.status)
    if problem:
        return _form_page(campaigns.desk(slug), form, problem)
    return saved("campaign_pledge", slug)


def _edit(slug: str, form: PledgeForm, *, agreed: int = 0, one_language: bool = False) -> None:
    pledges.edit_pledge(
        *(actor(), slug, form.seen.data or ""),
        wording=form.by_language("wording"),
        in_use=_in_use,
        agreed=agreed,
        one_language=one_language,
    )


def _in_use(session: Session, campaign_id: int, pledge_text_id: int) -> bool:
    return signatures.is_signed(session, campaign_id, pledge_text_id) or endorsements.is_endorsed(
        session, campaign_id, pledge_text_id
    )


def _form_page(desk: CampaignDesk, form: PledgeForm, problem: SavingProblem) -> Response:
    return section_page("staff/campaigns/pledge.html", desk, form, problem, versions=pledge_versions(desk.id))


def _publish_page(slug: str, form: PledgeForm, version: int, one_language: bool, status: int) -> Response:
    desk = campaigns.desk(slug)
    stored, typed = campaigns.wording(desk.id), form.by_language("wording")
    page = render_template(
        "staff/campaigns/pledge_publish.html",
        desk=desk,
        form=form if isinstance(form, PublishForm) else PublishForm(data=form.data),
        version=version,
        one_language=one_language,
        signed=signed_versions(desk.id),
        changes={lang: wording_changes(stored.wording[lang], typed[lang]) for lang in languages.codes()},
        change_of={lang: stored.wording[lang].strip() != typed[lang].strip() for lang in languages.codes()},
    )
    return make_response(page, status)
