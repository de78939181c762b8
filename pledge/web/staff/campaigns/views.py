"""Campaigns in the staff area: list, new one; of one its dates, goal, events, preview, and its states from draft to archive."""

from collections.abc import Mapping
from dataclasses import replace

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
from pledge.web.staff.auth.access import SecondFactorNeeded, actor, needs
from pledge.web.staff.auth.step_up import on_second_factor_needed
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import (
    OK,
    NewForm,
    ScheduleForm,
    StateForm,
    confirmation_page,
    section_forms,
    section_page,
    section_views,
)
from pledge.web.staff.campaigns.items import SECTIONS
from pledge.web.staff.forms import SavingProblem, StampedForm, attempt

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
#: What each step means, for the page before it.
CONSEQUENCES = {
    (CampaignState.DRAFT, CampaignState.OPEN): _l(
        "The page becomes public in Korean and English, and people can sign from the opening time on. A campaign never becomes a draft again."
    ),
    (CampaignState.OPEN, CampaignState.CLOSED): _l(
        "Nobody can sign from now on. Confirmation e-mails already sent work for %(hours)s hours more. The page stays."
    ),
    (CampaignState.CLOSED, CampaignState.OPEN): _l(
        "People can sign again at once. A closing time in the past is removed; set a new one under “Dates and goal”."
    ),
    (CampaignState.CLOSED, CampaignState.ARCHIVED): _l(
        "The page can still be read, apart from the current campaigns. This cannot be undone."
    ),
}

#: What a visitor would miss, and the endpoint of the page and the part of it where it is entered.
MISSED = {
    MissingContent.PHOTO: (_l("A photograph"), "staff.campaign", "photo-title"),
    MissingContent.VIDEO: (_l("A video"), "staff.campaign", "video-title"),
    MissingContent.CAPTIONS: (_l("Captions of the video in every language"), "staff.campaign", "video-title"),
    MissingContent.LETTER: (_l("A letter to read or to download"), "staff.campaign", "text-title"),
    MissingContent.QUOTATION: (
        _l("A quotation of somebody whom people know"),
        "staff.campaign",
        "quotation-title",
    ),
    MissingContent.SISTERS: (_l("Sister campaigns"), "staff.campaign_partners", "sisters-title"),
    MissingContent.LOGOS: (_l("The logos of all organisations behind it"), "staff.campaign_partners", ""),
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


@staff.get("/campaigns/<slug>/dates")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_dates(
    slug: str,
    problem: SavingProblem = OK,
    sent: Mapping[str, StampedForm] | None = None,
    *,
    is_refused: bool = False,
) -> Response:
    """Dates, goal and events, and what is next; `is_refused`: the campaign cannot go on to the state that was asked for."""
    desk = staff_queries.desk(slug)
    forms = section_forms(DATES, desk, sent or {})
    closes_at, missing = desk.schedule.closes_at, problem.missing or desk.missing
    return section_page(
        "staff/campaigns/dates.html",
        desk,
        forms["schedule_form"],
        problem,
        is_refused=is_refused,
        confirmable_until=None if closes_at is None else closes_at + CONFIRM_GRACE,
        grace_hours=_GRACE_HOURS,
        events=items.rows(EVENT, desk.id),
        sections=SECTIONS,
        states=STATES,
        steps=[(after, STEPS[desk.state, after]) for after in TRANSITIONS[desk.state]],
        can_publish=not missing,
        missing=[(_words(item), _missing_address(slug, item)) for item in missing],
        missed=[
            (words, _address(slug, section, anchor))
            for words, section, anchor in map(MISSED.__getitem__, missing_content(desk))
        ],
        moved=request.args.get("moved") == "1",
        share=_share_texts(desk) if desk.state is CampaignState.OPEN else {},
    )


DATES = {"schedule": ScheduleForm}
section_views("dates", DATES, campaign_dates)


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
@staff.get("/campaigns/<slug>/preview/<language>/<any(letter):part>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_preview(slug: str, language: str, part: str = "") -> AnyResponse:
    """Redirect to the public page, or to the letter, with a link that shows it in any state for an hour."""
    if language not in languages.codes():
        abort(404)
    token = tokens.mint(Purpose.PREVIEW, [staff_queries.desk(slug).id])
    endpoint = "public.letter_preview" if part else "public.preview"
    return redirect(url_for(endpoint, lang=language, slug=slug, token=token), 302)


@staff.get("/campaigns/<slug>/state/<after>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_state(slug: str, after: str) -> Response:
    desk, wanted = staff_queries.desk(slug), _state_or_404(after)
    if wanted not in TRANSITIONS[desk.state] or (wanted is CampaignState.OPEN and desk.missing):
        return campaign_dates(slug, SavingProblem(409), is_refused=True)
    return _state_page(desk, wanted, StateForm(), OK)


@staff.post("/campaigns/<slug>/state/<after>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_state_post(slug: str, after: str) -> AnyResponse:
    desk, wanted = staff_queries.desk(slug), _state_or_404(after)
    form = StateForm(request.form)
    if form.before.data not in set(CampaignState):  # the sender must say which state they saw
        return campaign_dates(slug, SavingProblem(409), is_refused=True)
    before = CampaignState(form.before.data)
    problem = attempt(form, lambda: moderation.move(actor(), slug, before, wanted, form.reason.data or ""))
    if problem is None:
        return redirect(url_for("staff.campaign_dates", slug=slug, moved=1), 303)
    if problem.status == 409:
        return campaign_dates(slug, replace(problem, state=None), is_refused=True)
    return _state_page(desk, wanted, form, problem)


def _state_or_404(after: str) -> CampaignState:
    """The state in an address; a campaign never becomes a draft again."""
    if after not in set(CampaignState) - {CampaignState.DRAFT}:
        abort(404)
    return CampaignState(after)


def _words(item: MissingText) -> str:
    name = item.field.removesuffix(f"_{item.lang}") if item.section == "texts" or not item.lang else ""
    words = str(_MISSING[item.section, name])
    if not item.lang:
        return words
    language = languages.name(item.lang, i18n.language())
    return str(_("%(field)s in %(language)s", field=words, language=language))


def _missing_address(slug: str, item: MissingText) -> str:
    if item.field == "secretariat":
        return url_for("staff.item", slug=slug, section=item.section, _anchor="role")
    if item.section in SECTIONS:
        field = f"{SECTIONS[item.section].kind.title}_{item.lang}"
        return url_for("staff.item", slug=slug, section=item.section, number=item.field, _anchor=field)
    if item.field.startswith("recipient_"):
        return _address(slug, "staff.campaign_settings", item.field)
    page = "staff.campaign_dates" if item.section == "schedule" else "staff.campaign"
    return _address(slug, page, item.field)


def _address(slug: str, endpoint: str, anchor: str) -> str:
    return url_for(endpoint, slug=slug, _anchor=anchor or None)


def _list_page(form: NewForm, status: int) -> Response:
    page = render_template(
        "staff/campaigns/campaigns.html", campaigns=staff_queries.rows(), states=STATES, form=form
    )
    return make_response(page, status)


def _state_page(
    desk: CampaignAdmin, after: CampaignState, form: StateForm, problem: SavingProblem
) -> Response:
    form.before.data = desk.state
    consequence = str(CONSEQUENCES[desk.state, after]) % {"hours": _GRACE_HOURS}
    return confirmation_page(
        desk,
        form,
        problem,
        heading=STEPS[desk.state, after],
        lines=[consequence],
        verb=STEPS[desk.state, after],
        is_step_back=after is CampaignState.ARCHIVED,
        is_reason_needed=(desk.state, after) in NEEDS_REASON,
        back=url_for("staff.campaign_dates", slug=desk.slug),
    )
