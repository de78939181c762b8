"""Campaigns in the staff area: list, new one; of one its dates, goal, events, preview, and its states from draft to archive."""

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import items, moderation, staff_queries
from pledge.campaigns.consents import StepUpNeeded
from pledge.campaigns.events import EVENT
from pledge.campaigns.media import MissingContent, missing_content
from pledge.campaigns.models import CampaignState
from pledge.campaigns.moderation import NEEDS_REASON, TRANSITIONS
from pledge.campaigns.opening import CONFIRM_GRACE
from pledge.campaigns.staff_queries import CampaignAdmin, MissingText, NoSuchCampaign
from pledge.core import i18n, languages, tokens, urls
from pledge.core.tokens import Purpose
from pledge.web import errors
from pledge.web.staff.auth.access import (
    SecondFactorNeeded,
    actor,
    needs,
    was_shown_lately,
)
from pledge.web.staff.auth.step_up import on_second_factor_needed
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, NewForm, ScheduleForm, StateForm, saved, section_page
from pledge.web.staff.campaigns.items import SECTIONS
from pledge.web.staff.forms import SavingProblem, attempt

_GRACE_HOURS = int(CONFIRM_GRACE.total_seconds() // 3600)

STATES = {
    CampaignState.DRAFT: _l("Draft"),
    CampaignState.OPEN: _l("Open"),
    CampaignState.CLOSED: _l("Closed"),
    CampaignState.ARCHIVED: _l("Archived"),
}
STEPS = {
    (CampaignState.DRAFT, CampaignState.OPEN): _l("Publish"),
    (CampaignState.OPEN, CampaignState.CLOSED): _l("Close"),
    (CampaignState.CLOSED, CampaignState.OPEN): _l("Reopen"),
    (CampaignState.CLOSED, CampaignState.ARCHIVED): _l("Archive"),
}

#: What a visitor would miss, and the page and part of it where it is entered.
MISSED = {
    MissingContent.PHOTO: (_l("A photograph"), "page", "photo-title"),
    MissingContent.VIDEO: (_l("A video"), "page", "video-title"),
    MissingContent.CAPTIONS: (_l("Captions of the video in every language"), "page", "video-title"),
    MissingContent.LETTER: (_l("A letter to read or to download"), "page", "text-title"),
    MissingContent.QUOTATION: (_l("A quotation of somebody whom people know"), "page", "quotation-title"),
    MissingContent.SISTERS: (_l("Sister campaigns"), "partners", "sisters-title"),
    MissingContent.LOGOS: (_l("The logos of all organisations behind it"), "partners", ""),
}

#: The texts for missing things, by section and field.
_MISSING = {
    ("texts", "title"): _l("Title"),
    ("texts", "tagline"): _l("Tagline"),
    ("texts", "summary"): _l("Summary"),
    ("texts", "recipient"): _l("Recipient of the totals"),
    ("texts", "body"): _l("Text"),
    ("pledge", ""): _l("Pledge text"),
    ("schedule", "closes_at"): _l("A closing time that is still to come"),
    ("partners", "secretariat"): _l("Secretariat"),
    ("partners", ""): _l("Name of a partner"),
    ("events", ""): _l("Title of an event"),
}


@staff.errorhandler(NoSuchCampaign)
def no_such_campaign(_error: NoSuchCampaign) -> Response:
    return errors.error_page(404)


@staff.errorhandler(StepUpNeeded)
def step_up_needed(_error: StepUpNeeded) -> AnyResponse:
    return on_second_factor_needed(SecondFactorNeeded(sign_in=False))


@staff.get("/campaigns")
@needs(Permission.EDIT_CAMPAIGNS)
def campaigns() -> Response:
    return _list_page(NewForm(), 200)


@staff.post("/campaigns")
@needs(Permission.EDIT_CAMPAIGNS)
def campaigns_post() -> AnyResponse:
    """A draft, empty or with what is on the page of another campaign."""
    form, created = NewForm(request.form), []
    problem = attempt(
        form,
        lambda: created.append(
            moderation.create(
                actor(),
                slug=form.slug.data or "",
                title=form.by_language("title"),
                copy_of=form.copy_of.data or "",
            )
        ),
    )
    if problem:
        return _list_page(form, problem.status)
    return redirect(url_for("staff.campaign", slug=created[0]), 303)


@staff.get("/campaigns/<slug>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign(slug: str) -> Response:
    desk = staff_queries.desk(slug)
    form = ScheduleForm(
        data={
            "goal": desk.schedule.goal,
            "goal_steps": desk.schedule.goal_steps,
            "opens_at": desk.schedule.opens_at,
            "closes_at": desk.schedule.closes_at,
            "seen": desk.schedule.stamp,
        }
    )
    return _dates_page(desk, form, OK)


@staff.post("/campaigns/<slug>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_post(slug: str) -> AnyResponse:
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
    return _dates_page(staff_queries.desk(slug), form, problem) if problem else saved("campaign", slug)


def _dates_page(desk: CampaignAdmin, form: ScheduleForm, problem: SavingProblem) -> Response:
    closes_at = desk.schedule.closes_at
    return section_page(
        "staff/campaigns/dates.html",
        desk,
        form,
        problem,
        confirmable_until=None if closes_at is None else closes_at + CONFIRM_GRACE,
        grace_hours=_GRACE_HOURS,
        events=items.rows(EVENT, desk.id),
        sections=SECTIONS,
        states=STATES,
        steps=[(after, STEPS[desk.state, after]) for after in TRANSITIONS[desk.state]],
        can_publish=not desk.missing,
        missing=missing_lines(desk.slug, desk.missing),
        missed=[
            (words, _address(desk.slug, section, anchor))
            for words, section, anchor in map(MISSED.__getitem__, missing_content(desk))
        ],
        moved=request.args.get("moved") == "1",
        share=_share_texts(desk) if desk.state is CampaignState.OPEN else {},
    )


def _share_texts(desk: CampaignAdmin) -> dict[str, str]:
    """A text for sharing, by language, with the address of the public page."""
    return {
        lang: "\n".join(
            [
                desk.texts[f"title_{lang}"],
                desk.texts[f"tagline_{lang}"],
                urls.campaign_link(lang, desk.slug),
            ]
        )
        for lang in languages.codes()
    }


@staff.get("/campaigns/<slug>/preview/<language>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_preview(slug: str, language: str) -> AnyResponse:
    """Redirect to the public page, with a link that shows it in any state for an hour."""
    return _preview("public.preview", slug, language)


@staff.get("/campaigns/<slug>/preview/<language>/letter")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_letter_preview(slug: str, language: str) -> AnyResponse:
    """The same for the letter."""
    return _preview("public.letter_preview", slug, language)


def _preview(endpoint: str, slug: str, language: str) -> AnyResponse:
    if language not in languages.codes():
        abort(404)
    token = tokens.mint(Purpose.PREVIEW, [staff_queries.desk(slug).id])
    return redirect(url_for(endpoint, lang=language, slug=slug, token=token), 302)


@staff.get("/campaigns/<slug>/state/<after>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_state(slug: str, after: str) -> Response:
    desk, wanted = staff_queries.desk(slug), _state_or_404(after)
    form = StateForm()
    if wanted not in TRANSITIONS[desk.state]:
        return _state_page(desk, wanted, form, SavingProblem(409, state=desk.state))
    missing = desk.missing if wanted is CampaignState.OPEN else []
    return _state_page(desk, wanted, form, SavingProblem(200, missing=missing))


@staff.post("/campaigns/<slug>/state/<after>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_state_post(slug: str, after: str) -> AnyResponse:
    desk, wanted = staff_queries.desk(slug), _state_or_404(after)
    form = StateForm(request.form)
    if form.before.data not in set(CampaignState):
        # The sender must say which state they saw.
        return _state_page(desk, wanted, form, SavingProblem(409, state=desk.state))
    before = CampaignState(form.before.data)
    problem = attempt(form, lambda: moderation.move(actor(), slug, before, wanted, form.reason.data or ""))
    if problem:
        return _state_page(staff_queries.desk(slug), wanted, form, problem)
    return redirect(url_for("staff.campaign", slug=slug, moved=1), 303)


def _state_or_404(after: str) -> CampaignState:
    """The state in an address; a campaign never becomes a draft again."""
    if after not in set(CampaignState) - {CampaignState.DRAFT}:
        abort(404)
    return CampaignState(after)


def missing_lines(slug: str, missing: list[MissingText]) -> list[tuple[str, str]]:
    """Text and address for each thing that is missing, down to its field."""
    return [(_words(item), _missing_address(slug, item)) for item in missing]


def _words(item: MissingText) -> str:
    name = item.field.removesuffix(f"_{item.lang}") if item.section == "texts" or not item.lang else ""
    words = str(_MISSING[item.section, name])
    if not item.lang:
        return words
    language = languages.name(item.lang, i18n.language())
    return str(_("%(field)s in %(language)s", field=words, language=language))


def _missing_address(slug: str, item: MissingText) -> str:
    if item.field == "secretariat":
        return url_for("staff.item_new", slug=slug, section=item.section, _anchor="role")
    if item.section in SECTIONS:
        field = f"{SECTIONS[item.section].kind.title}_{item.lang}"
        return url_for("staff.item", slug=slug, section=item.section, number=item.field, _anchor=field)
    if item.field.startswith("recipient_"):
        return _address(slug, "settings", item.field)
    return _address(slug, {"schedule": ""}.get(item.section, "page"), item.field)


def _address(slug: str, page: str, anchor: str) -> str:
    endpoint = f"staff.campaign_{page}" if page else "staff.campaign"
    return url_for(endpoint, slug=slug, _anchor=anchor or None)


def _list_page(form: NewForm, status: int) -> Response:
    page = render_template(
        "staff/campaigns/campaigns.html", campaigns=staff_queries.rows(), states=STATES, form=form
    )
    return make_response(page, status)


def _state_page(
    desk: CampaignAdmin, after: CampaignState, form: StateForm, problem: SavingProblem
) -> Response:
    return make_response(
        render_template(
            "staff/campaigns/state.html",
            desk=desk,
            form=form,
            after=after,
            step=STEPS.get((desk.state, after)),
            states=STATES,
            needs_reason=(desk.state, after) in NEEDS_REASON,
            wrong_state=problem.state,
            missing=missing_lines(desk.slug, problem.missing),
            grace_hours=_GRACE_HOURS,
        ),
        problem.status,
    )
