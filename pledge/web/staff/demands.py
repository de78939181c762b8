"""What became of a demand: entered with its source, and published by a second person."""

from flask import Response, request
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import SelectField, StringField, TextAreaField

from pledge.accounts.roles import Permission
from pledge.accounts.two_people import obstacle
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.queries import slugs
from pledge.core import languages
from pledge.demands import queries, services
from pledge.demands.models import EventState
from pledge.demands.services import DemandEntry
from pledge.web.forms import ByLanguage, StaffForm
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import TEXT_BODY, section_page
from pledge.web.staff.decisions import decide
from pledge.web.staff.forms import SavingProblem, StampedForm, StatedReasonForm, day_field

_EDIT = Permission.EDIT_CAMPAIGNS


class DemandEventForm(StampedForm):
    kind = SelectField(_l("What happened"), validate_choice=False)
    day = day_field(_l("Day"))
    until = day_field(_l("Promised by"))
    words = ByLanguage(TextAreaField, _l("Word for word"))
    source = StringField(_l("Source"))


class SendBackForm(StampedForm, StatedReasonForm):
    pass


@staff.page("/demands/<int32:demand_id>", needs=_EDIT)
def demand(demand_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None) -> Response:
    """What is published of a demand, what waits, and the form."""
    row, events = queries.find(demand_id), queries.history(demand_id)
    published = [event for event in events if event.state == EventState.PUBLISHED]
    waits = next((event for event in events if event.state != EventState.PUBLISHED), None)
    return section_page(
        "staff/campaigns/demand.html",
        campaigns.desk(slugs()[row.campaign_id]),
        form
        if isinstance(form, DemandEventForm)
        else DemandEventForm(data=languages.as_fields(waits.content) if waits else {}),
        SavingProblem(status),
        demand=row,
        published=published,
        waits=waits,
        obstacle=waits and obstacle(waits.proposed_by, actor().staff_id),
        back_form=form if isinstance(form, SendBackForm) else SendBackForm(),
        refused=refused,
    )


@staff.act("/demands/<int32:demand_id>/enter", needs=_EDIT, asks=Ask.NOTHING, body=TEXT_BODY)
def demand_enter(demand_id: int) -> AnyResponse:
    """A second person publishes it."""
    form = DemandEventForm(request.form)
    return decide(
        demand,
        form,
        lambda: services.enter(actor(), demand_id, form.entry(DemandEntry), seen=form.seen.data),
    )


@staff.act("/demands/<int32:demand_id>/publish", needs=_EDIT, asks=Ask.FACTOR)
def demand_publish(demand_id: int) -> AnyResponse:
    form = StampedForm(request.form)
    return decide(demand, form, lambda: services.publish(actor(), demand_id, seen=form.seen.data))


@staff.act("/demands/<int32:demand_id>/send-back", needs=_EDIT, asks=Ask.REASON)
def demand_send_back(demand_id: int) -> AnyResponse:
    """Or take it back, if it is one's own."""
    form = SendBackForm(request.form)
    return decide(
        demand,
        form,
        lambda: services.send_back(actor(), demand_id, seen=form.seen.data, reason=form.why.data),
    )
