"""The texts of a campaign, and its dates and goal; a page for each."""

from flask import Response, request
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import moderation
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.opening import CONFIRM_GRACE
from pledge.campaigns.rules import stamp
from pledge.campaigns.staff_queries import CampaignDesk
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs, was_shown_lately
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import ScheduleForm, TextsForm
from pledge.web.staff.campaigns.sections import OK, saved, section_page
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
            goal=form.goal.data,
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


def _texts_page(desk: CampaignDesk, form: TextsForm, problem: SavingProblem) -> Response:
    return section_page("staff/campaigns/texts.html", desk, form, problem)


def _schedule_page(desk: CampaignDesk, form: ScheduleForm, problem: SavingProblem) -> Response:
    closes_at = desk.schedule.closes_at
    return section_page(
        "staff/campaigns/schedule.html",
        desk,
        form,
        problem,
        confirmable_until=None if closes_at is None else closes_at + CONFIRM_GRACE,
        grace_hours=int(CONFIRM_GRACE.total_seconds() // 3600),
    )
