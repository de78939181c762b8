"""The texts of a campaign, and its dates and goal; a page for each."""

from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import moderation, pledges
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.opening import CONFIRM_GRACE
from pledge.campaigns.pledges import NewVersion, wording_changes
from pledge.campaigns.queries import pledge_versions
from pledge.campaigns.rules import stamp
from pledge.campaigns.staff_queries import CampaignAdmin
from pledge.core import languages
from pledge.endorsements import queries as endorsements
from pledge.signatures import queries as signatures
from pledge.statistics.totals import signed_versions
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa, was_shown_lately
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import (
    OK,
    PledgeForm,
    PublishForm,
    ScheduleForm,
    TextsForm,
    saved,
    section_page,
)
from pledge.web.staff.forms import SavingProblem, attempt

#: Two long texts in Korean, three bytes a letter, with room for the rest of the form.
TEXT_BODY = 512 * 1024


@staff.get("/campaigns/<slug>/texts")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_texts(slug: str) -> Response:
    desk = campaigns.desk(slug)
    return _texts_page(desk, TextsForm(data={**desk.texts, "seen": stamp(desk.texts)}), OK)


@staff.post("/campaigns/<slug>/texts")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_texts_post(slug: str) -> AnyResponse:
    form = TextsForm(request.form)
    texts = {name: form[name].data or "" for name in campaigns.text_fields()}
    problem = attempt(
        form,
        lambda: moderation.edit_texts(
            *(actor(), slug, form.seen.data or "", texts, form.reason.data or ""),
            is_stepped_up=was_shown_lately(),
        ),
    )
    if problem:
        return _texts_page(campaigns.desk(slug), form, problem)
    return saved("campaign_texts", slug)


@staff.get("/campaigns/<slug>/schedule")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_schedule(slug: str) -> Response:
    desk = campaigns.desk(slug)
    form = ScheduleForm(
        data={
            "goal": desk.schedule.goal,
            "goal_steps": desk.schedule.goal_steps,
            "opens_at": desk.schedule.opens_at,
            "closes_at": desk.schedule.closes_at,
            "seen": desk.schedule.stamp,
        }
    )
    return _schedule_page(desk, form, OK)


@staff.post("/campaigns/<slug>/schedule")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_schedule_post(slug: str) -> AnyResponse:
    form = ScheduleForm(request.form)
    problem = attempt(
        form,
        lambda: moderation.edit_schedule(
            actor(),
            slug,
            form.seen.data or "",
            goal=form.goal.data or 0,
            goal_steps=form.goal_steps.data,
            opens_at=form.opens_at.data,
            closes_at=form.closes_at.data,
            reason=form.reason.data or "",
            is_stepped_up=was_shown_lately(),
        ),
    )
    if problem:
        return _schedule_page(campaigns.desk(slug), form, problem)
    return saved("campaign_schedule", slug)


def _texts_page(desk: CampaignAdmin, form: TextsForm, problem: SavingProblem) -> Response:
    return section_page("staff/campaigns/texts.html", desk, form, problem)


def _schedule_page(desk: CampaignAdmin, form: ScheduleForm, problem: SavingProblem) -> Response:
    closes_at = desk.schedule.closes_at
    return section_page(
        "staff/campaigns/schedule.html",
        desk,
        form,
        problem,
        confirmable_until=None if closes_at is None else closes_at + CONFIRM_GRACE,
        grace_hours=int(CONFIRM_GRACE.total_seconds() // 3600),
    )


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


def _form_page(desk: CampaignAdmin, form: PledgeForm, problem: SavingProblem) -> Response:
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
