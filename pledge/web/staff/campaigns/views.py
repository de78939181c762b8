"""Campaigns in the staff area: list, new one; of one its dates, goal, events, preview, and its states from draft to archive."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import HiddenField, SelectField, StringField, TextAreaField

from pledge.accounts.roles import Permission
from pledge.campaigns import items, moderation, staff_queries
from pledge.campaigns.consents import StepUpNeeded
from pledge.campaigns.events import EVENT
from pledge.campaigns.forgetting import deletion_due
from pledge.campaigns.media import MissingContent, missing_content
from pledge.campaigns.models import Campaign, CampaignState, PartnerRole
from pledge.campaigns.moderation import TRANSITIONS
from pledge.campaigns.opening import CONFIRM_GRACE
from pledge.campaigns.rules import FieldFault
from pledge.campaigns.staff_queries import MissingText
from pledge.core import i18n, languages, tokens
from pledge.core.tokens import Purpose
from pledge.deliveries.queries import last_handed_over, public_deliveries
from pledge.news.queries import last_sent
from pledge.news.services import closing_moved
from pledge.web.forms import ByLanguage, StaffForm, WholeNumberField, whole_number
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import SecondFactorNeeded, actor, done, may_open, me, was_shown_lately
from pledge.web.staff.auth.step_up import on_second_factor_needed
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import (
    OK,
    TEXT_BODY,
    SectionForm,
    confirmation_page,
    save_section,
    section_forms,
    section_page,
)
from pledge.web.staff.campaigns.items import SECTIONS
from pledge.web.staff.campaigns.page import PledgeForm, RecipientForm, TextsForm
from pledge.web.staff.forms import (
    SavingProblem,
    StampedForm,
    attempt,
    moment_field,
)

_EDIT = Permission.EDIT_CAMPAIGNS


class NewForm(StaffForm):
    slug = StringField(_l("Address"))
    title = ByLanguage(StringField, _l("Title"))
    copy_of = SelectField(_l("Begin with a copy of"), validate_choice=False)


class StateForm(StaffForm):
    before = HiddenField()
    reason = TextAreaField(_l("Reason"))


class NumbersField(TextAreaField):
    """Whole numbers, one a line."""

    def process_formdata(self, valuelist: list[str]) -> None:
        numbers = [whole_number(word) for text in valuelist for word in text.split()]
        self.data = [number for number in numbers if number is not None]
        if len(self.data) < len(numbers):
            raise ValueError(FieldFault.STEPS.value)

    def _value(self) -> str:
        return "\n".join(self.raw_data or [f"{number:,}" for number in self.data or ()])


class ScheduleForm(SectionForm):
    goal = WholeNumberField(_l("Goal"), invalid_value_message=FieldFault.GOAL.value)
    goal_steps = NumbersField(_l("Steps on the way"))
    opens_at = moment_field(_l("Opens"))
    step_sentences = ByLanguage(TextAreaField, _l("What is done at a step"))
    closes_at = moment_field(_l("Closes"))
    reason = TextAreaField(_l("Reason"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return desk.schedule

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        moderation.edit_schedule(
            actor(),
            slug,
            self.seen.data,
            goal=self.goal.data or 0,
            goal_steps=self.goal_steps.data,
            step_sentences=self.by_language("step_sentences"),
            opens_at=self.opens_at.data,
            closes_at=self.closes_at.data,
            reason=self.reason.data or "",
            is_stepped_up=was_shown_lately(),
            closing_moved=partial(closing_moved, actor()),
        )


_GRACE_HOURS = int(CONFIRM_GRACE.total_seconds() // 3600)

#: What the page says after the step to a state.
_MOVED = {
    CampaignState.OPEN: _l("The campaign is public: people can sign from its opening time on."),
    CampaignState.CLOSED: _l(
        "The campaign is closed. Next: news for the signers, and handing over the result."
    ),
    CampaignState.ARCHIVED: _l("The campaign is archived."),
}

#: The page and the part of it where something is entered that a visitor would miss.
_MISSED_AT = {
    MissingContent.PHOTO: ("campaign", "photo-title"),
    MissingContent.VIDEO: ("campaign", "video-title"),
    MissingContent.CAPTIONS: ("campaign", "video-title"),
    MissingContent.LETTER: ("campaign", "text-title"),
    MissingContent.QUOTATION: ("campaign", "quotation-title"),
    MissingContent.SISTERS: ("campaign_partners", "sisters-title"),
    MissingContent.LOGOS: ("campaign_partners", "partners-title"),
}

#: The forms in which missing texts are entered.
_TEXTS_AT = {"texts": (TextsForm, RecipientForm), "pledge": (PledgeForm,)}
#: What else can be missing, by section and field.
_MISSING = {
    ("schedule", "closes_at"): _l("A closing time that is still to come"),
    ("partners", "secretariat"): _l("Secretariat"),
    ("partners", ""): _l("Name of a partner"),
    ("events", ""): _l("Title of an event"),
}


@staff.errorhandler(StepUpNeeded)
def step_up_needed(_error: StepUpNeeded) -> AnyResponse:
    return on_second_factor_needed(SecondFactorNeeded(sign_in=False))


@staff.page("/campaigns", needs=_EDIT, asks=Ask.NOTHING)
def campaigns() -> AnyResponse:
    """All campaigns; and a new draft, empty or with what is on the page of another campaign."""
    form, problem, created = NewForm(request.form), OK, []
    if request.method == "POST":
        words = {"slug": form.slug.data or "", "copy_of": form.copy_of.data or ""}
        refused = attempt(
            form,
            lambda: created.append(moderation.create(actor(), title=form.by_language("title"), **words)),
        )
        if refused is None:
            return redirect(url_for("staff.campaign", slug=created[0]), 303)
        problem = refused
    page = render_template("staff/campaigns/campaigns.html", campaigns=staff_queries.rows(), form=form)
    return make_response(page, problem.status)


@staff.page("/campaigns/<slug>/dates", needs=_EDIT)
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
    closes_at, missing = desk.closes_at, problem.missing or staff_queries.missing(desk)
    delivered = last_handed_over(last_sent()).get(desk.id)
    return section_page(
        "staff/campaigns/dates.html",
        desk,
        forms["schedule_form"],
        problem,
        is_refused=is_refused,
        confirmable_until=None if closes_at is None else closes_at + CONFIRM_GRACE,
        grace_hours=_GRACE_HOURS,
        deletion_due=closes_at and deletion_due(closes_at, delivered),
        deliveries=public_deliveries(desk.id),
        may_deliver=may_open(me(), "staff.delivery_draft"),
        events=items.rows(EVENT, desk.id),
        sections=SECTIONS,
        steps=[
            (after, transition.verb)
            for (before, after), transition in TRANSITIONS.items()
            if before == desk.state
        ],
        can_publish=not missing,
        missing=[(_words(item), _missing_address(slug, item)) for item in missing],
        missed=[(it.value, _address(slug, *_MISSED_AT[it])) for it in missing_content(desk)],
    )


DATES = {"schedule": ScheduleForm}


@staff.act("/campaigns/<slug>/dates/schedule", needs=_EDIT, asks=Ask.NOTHING, body=TEXT_BODY)
def campaign_schedule(slug: str) -> AnyResponse:
    return save_section(slug, "schedule", ScheduleForm(request.form), campaign_dates)


@staff.page(
    "/campaigns/<slug>/preview/<language>",
    "/campaigns/<slug>/preview/<language>/<any(letter):part>",
    needs=_EDIT,
)
def campaign_preview(slug: str, language: str, part: str = "") -> AnyResponse:
    """Redirect to the public page, or to the letter, with a link that shows it in any state for an hour."""
    if language not in languages.codes():
        abort(404)
    token = tokens.mint(Purpose.PREVIEW, [staff_queries.desk(slug).id])
    endpoint = "public.letter_preview" if part else "public.campaign_preview"
    return redirect(url_for(endpoint, lang=language, slug=slug, token=token), 302)


@staff.page("/campaigns/<slug>/state/<any(open, closed, archived):after>", needs=_EDIT)
def campaign_state(slug: str, after: str) -> Response:
    desk, wanted = staff_queries.desk(slug), CampaignState(after)
    if (desk.state, wanted) not in TRANSITIONS or (
        wanted is CampaignState.OPEN and staff_queries.missing(desk)
    ):
        return campaign_dates(slug, SavingProblem(409), is_refused=True)
    return _state_page(desk, wanted, StateForm(data={"before": desk.state}), OK)


@staff.act(
    "/campaigns/<slug>/state/<any(open, closed, archived):after>",
    needs=_EDIT,
    asks=Ask.CONFIRMATION | Ask.REASON | Ask.FACTOR,
)
def campaign_state_post(slug: str, after: str) -> AnyResponse:
    desk, wanted = staff_queries.desk(slug), CampaignState(after)
    form = StateForm(request.form)
    if (form.before.data, wanted) not in TRANSITIONS:  # the sender must say which state they saw
        return campaign_dates(slug, SavingProblem(409), is_refused=True)
    before = CampaignState(form.before.data)
    moved = partial(closing_moved, actor())
    problem = attempt(
        form,
        lambda: moderation.move(actor(), slug, before, wanted, form.reason.data or "", closing_moved=moved),
    )
    if problem is None:
        return done(str(_MOVED[wanted]), "campaign_dates", slug=slug)
    if problem.status == 409:
        return campaign_dates(slug, replace(problem, state=None), is_refused=True)
    return _state_page(desk, wanted, form, problem)


def _words(item: MissingText) -> str:
    for form in _TEXTS_AT.get(item.section, ()):
        if item.field in (fields := form()):
            return str(fields[item.field].label.text)
    if not item.lang:
        return str(_MISSING[item.section, item.field])
    name = languages.name(item.lang, i18n.language())
    return str(_("%(field)s in %(language)s", field=_MISSING[item.section, ""], language=name))


def _missing_address(slug: str, item: MissingText) -> str:
    if item.field == "secretariat":
        return url_for(
            "staff.item", slug=slug, section=item.section, role=PartnerRole.SECRETARIAT, _anchor="role"
        )
    if item.section in SECTIONS:
        field = f"{SECTIONS[item.section].kind.title}_{item.lang}"
        return url_for("staff.item", slug=slug, section=item.section, number=item.field, _anchor=field)
    if item.field.startswith("recipient_"):
        return _address(slug, "campaign_settings", item.field)
    return _address(slug, "campaign_dates" if item.section == "schedule" else "campaign", item.field)


def _address(slug: str, page: str, anchor: str) -> str:
    return url_for(f"staff.{page}", slug=slug, _anchor=anchor)


def _state_page(desk: Campaign, after: CampaignState, form: StateForm, problem: SavingProblem) -> Response:
    transition = TRANSITIONS[CampaignState(form.before.data), after]
    return confirmation_page(
        desk,
        form,
        problem,
        heading=transition.verb,
        lines=[str(transition.consequence) % {"hours": _GRACE_HOURS}],
        verb=transition.verb,
        is_step_back=after is CampaignState.ARCHIVED,
        is_reason_needed=transition.needs_reason,
        back=url_for("staff.campaign_dates", slug=desk.slug),
    )
