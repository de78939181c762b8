"""The events of a campaign: add, correct, remove."""

from flask import Response, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import events
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.events import FIELDS, EventFields, EventRow
from pledge.core import languages
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa
from pledge.web.staff.auth.moments import typed_event
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import EventForm, RemoveForm
from pledge.web.staff.campaigns.saving import SavingProblem, attempt
from pledge.web.staff.campaigns.sections import OK, find_item, removal_page, remove, saved, section_page


@staff.get("/campaigns/<slug>/events")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_events(slug: str) -> str:
    desk = campaigns.desk(slug)
    return render_template(
        "staff/campaigns/events.html",
        desk=desk,
        events=events.rows(desk.id),
        saved=request.args.get("saved") == "1",
    )


@staff.get("/campaigns/<slug>/events/new")
@needs(Permission.EDIT_CAMPAIGNS)
def event_new(slug: str) -> Response:
    return _page(slug, None, EventForm(), OK)


@staff.post("/campaigns/<slug>/events/new")
@needs(Permission.EDIT_CAMPAIGNS)
def event_new_post(slug: str) -> AnyResponse:
    form = EventForm(request.form)
    problem = attempt(form, lambda: events.add(actor(), slug, form.fields), _places(form))
    return _page(slug, None, form, problem) if problem else saved("campaign_events", slug)


@staff.get("/campaigns/<slug>/events/<int:event>")
@needs(Permission.EDIT_CAMPAIGNS)
def event(slug: str, event: int) -> Response:
    row = events.one(campaigns.desk(slug).id, event)
    return _page(slug, row, EventForm(data={**typed_event(row.fields), "seen": row.stamp}), OK)


@staff.post("/campaigns/<slug>/events/<int:event>")
@needs(Permission.EDIT_CAMPAIGNS)
def event_post(slug: str, event: int) -> AnyResponse:
    form = EventForm(request.form)
    problem = attempt(
        form,
        lambda: events.change(actor(), slug, event, form.seen.data or "", form.fields),
        _places(form),
    )
    return (
        _page(slug, find_item(events.rows(campaigns.desk(slug).id), event), form, problem)
        if problem
        else saved("campaign_events", slug)
    )


@staff.get("/campaigns/<slug>/events/<int:event>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def event_remove(slug: str, event: int) -> Response:
    row = events.one(campaigns.desk(slug).id, event)
    return removal_page(slug, row.fields.title, _page_of(slug, row), RemoveForm(data={"seen": row.stamp}))


@staff.post("/campaigns/<slug>/events/<int:event>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def event_remove_post(slug: str, event: int) -> AnyResponse:
    row = events.one(campaigns.desk(slug).id, event)
    return remove(
        "campaign_events",
        slug,
        row.fields.title,
        _page_of(slug, row),
        lambda seen, reason: events.remove(actor(), slug, event, seen, reason),
    )


def _page_of(slug: str, row: EventRow) -> str:
    return url_for("staff.event", slug=slug, event=row.id)


def _places(form: EventForm) -> dict[str, str]:
    """The form's field for the fault that an event ends before it begins."""
    return {"ends_at": "end_time" if (form.start_time.data or "").strip() else "end_day"}


def _page(slug: str, row: EventRow | None, form: EventForm, problem: SavingProblem) -> Response:
    if problem.stored:
        stored = EventFields(
            title=languages.from_fields("title", problem.stored),
            place=languages.from_fields("place", problem.stored),
            outcome=languages.from_fields("outcome", problem.stored),
            **{name: problem.stored[name] for name in FIELDS if name in problem.stored},
        )
        problem = SavingProblem(problem.status, dict(typed_event(stored)))
    return section_page("staff/campaigns/event.html", campaigns.desk(slug), form, problem, event=row)
