"""The events of a campaign: add, correct, remove."""

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge import languages
from pledge.accounts.roles import Permission
from pledge.campaigns import desk as campaigns
from pledge.campaigns import events
from pledge.campaigns.events import FIELDS, EventFields, EventRow
from pledge.staff.access import actor, needs, requires_recent_mfa
from pledge.staff.blueprint import staff
from pledge.staff.campaign_forms import EventForm, RemoveForm
from pledge.staff.moments import typed_event
from pledge.staff.saving import Problem, attempt


@staff.get("/campaigns/<slug>/events", endpoint="campaign_events")
@needs(Permission.EDIT_CAMPAIGNS)
def event_list(slug: str) -> str:
    desk = campaigns.desk(slug)
    return render_template(
        "staff/campaign_events.html",
        desk=desk,
        events=events.rows(desk.id),
        saved=request.args.get("saved") == "1",
    )


@staff.get("/campaigns/<slug>/events/new")
@needs(Permission.EDIT_CAMPAIGNS)
def event_new(slug: str) -> Response:
    return _page(slug, None, EventForm(), Problem(200))


@staff.post("/campaigns/<slug>/events/new", endpoint="event_new_post")
@needs(Permission.EDIT_CAMPAIGNS)
def event_new_post(slug: str) -> AnyResponse:
    form = EventForm(request.form)
    problem = attempt(form, lambda: events.add(actor(), slug, form.fields), _places(form))
    return _page(slug, None, form, problem) if problem else _done(slug)


@staff.get("/campaigns/<slug>/events/<int:event>")
@needs(Permission.EDIT_CAMPAIGNS)
def event(slug: str, event: int) -> Response:
    row = events.one(campaigns.desk(slug).id, event)
    return _page(slug, row, EventForm(data={**typed_event(row.fields), "seen": row.stamp}), Problem(200))


@staff.post("/campaigns/<slug>/events/<int:event>", endpoint="event_post")
@needs(Permission.EDIT_CAMPAIGNS)
def event_post(slug: str, event: int) -> AnyResponse:
    form = EventForm(request.form)
    problem = attempt(
        form,
        lambda: events.change(actor(), slug, event, form.seen.data or "", form.fields),
        _places(form),
    )
    return _page(slug, _still_there(slug, event), form, problem) if problem else _done(slug)


@staff.get("/campaigns/<slug>/events/<int:event>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def event_remove(slug: str, event: int) -> Response:
    row = events.one(campaigns.desk(slug).id, event)
    return _remove_page(slug, row, RemoveForm(data={"seen": row.stamp}), Problem(200))


@staff.post("/campaigns/<slug>/events/<int:event>/remove", endpoint="event_remove_post")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def event_remove_post(slug: str, event: int) -> AnyResponse:
    row, form = events.one(campaigns.desk(slug).id, event), RemoveForm(request.form)
    problem = attempt(
        form,
        lambda: events.remove(actor(), slug, event, form.seen.data or "", form.reason.data or ""),
    )
    return _remove_page(slug, row, form, problem) if problem else _done(slug)


def _still_there(slug: str, event: int) -> EventRow | None:
    """None when somebody has removed it: then the form adds it anew."""
    return next((row for row in events.rows(campaigns.desk(slug).id) if row.id == event), None)


def _places(form: EventForm) -> dict[str, str]:
    """Where the form shows that an event ends before it begins."""
    return {"ends_at": "end_time" if (form.start_time.data or "").strip() else "end_day"}


def _done(slug: str) -> AnyResponse:
    return redirect(url_for("staff.campaign_events", slug=slug, saved=1), 303)


def _remove_page(slug: str, row: EventRow, form: RemoveForm, problem: Problem) -> Response:
    page = render_template(
        "staff/campaign_remove.html",
        desk=campaigns.desk(slug),
        form=form,
        problem=problem,
        what=row.fields.title,
        back=url_for("staff.event", slug=slug, event=row.id),
    )
    return make_response(page, problem.status)


def _page(slug: str, row: EventRow | None, form: EventForm, problem: Problem) -> Response:
    if problem.stored:
        stored = EventFields(
            title=languages.from_fields("title", problem.stored),
            place=languages.from_fields("place", problem.stored),
            **{name: problem.stored[name] for name in FIELDS if name in problem.stored},
        )
        problem = Problem(problem.status, dict(typed_event(stored)))
    return make_response(
        render_template(
            "staff/campaign_event.html", desk=campaigns.desk(slug), event=row, form=form, problem=problem
        ),
        problem.status,
    )
