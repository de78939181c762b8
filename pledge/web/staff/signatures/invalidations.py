"""Acts about many signatures: propose one by condition, see which signatures match, approve, discard, undo."""

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect

from pledge.abuse.origin_list import LargeProviderNotAllowed
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import obstacle
from pledge.campaigns.queries import slugs
from pledge.ledger import queries as ledger
from pledge.signatures.invalidation import queries, services
from pledge.signatures.invalidation.models import InvalidationAct, NoCondition
from pledge.web.forms import StaffForm
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.decisions import decide
from pledge.web.staff.forms import StatedReasonForm
from pledge.web.staff.signatures.forms import InvalidationForm
from pledge.web.staff.signatures.watch import review_page


@staff.act("/invalidations/new", needs=Permission.INVALIDATE, asks=Ask.REASON)
def invalidation_new_post() -> AnyResponse:
    form = InvalidationForm(request.form)
    form.campaigns = slugs()
    if not form.validate():
        return review_page(422, proposal=form)
    act, why = InvalidationAct(form.act.data), form.why.data or ""
    try:
        number = services.propose(actor(), form.condition, form.public_reason, why, act=act)
    except NoCondition:
        form.network.errors = [
            _("Give at least one condition besides the campaign; otherwise it would match everybody.")
        ]
    except services.NothingMatches:
        form.network.errors = [
            _("No signature that this is about meets all of these conditions. Nothing was recorded.")
        ]
    except services.Undecided as error:
        form.network.errors = [
            _(
                "Some of these signatures are part of no. %(number)s, which waits for a decision or is not done yet.",
                number=error.invalidation_id,
            )
        ]
    except LargeProviderNotAllowed:
        form.domain.errors = [
            _(
                "Too many people have their address at this provider to hold it as a whole. Name a network too."
            )
        ]
    except services.TooManySignatures:
        form.network.errors = [
            _("More than 100,000 signatures meet these conditions. Please narrow them down.")
        ]
    else:
        return redirect(url_for("staff.invalidation", invalidation_id=number), 303)
    return review_page(422, proposal=form)


@staff.page("/invalidations/<int32:invalidation_id>", needs=Permission.INVALIDATE)
def invalidation(
    invalidation_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    row, reasons = queries.find(invalidation_id), queries.hold_reasons(invalidation_id)
    is_small = row.matched <= services.max_alone(row.act)
    page = render_template(
        "staff/signatures/invalidation.html",
        invalidation=row,
        sample=queries.sample(invalidation_id),
        counted=reasons.pop("", 0),
        hold_reasons=reasons,
        earlier=queries.similar(row.condition, but=invalidation_id),
        slugs=slugs(),
        people=ledger.count(row.campaign_id).people if row.campaign_id else 0,
        obstacle=None if is_small else obstacle(row.proposed_by, actor().staff_id),
        alone=services.MAX_WITHOUT_SECOND_PERSON,
        form=form if isinstance(form, StatedReasonForm) else StatedReasonForm(),
        refused=refused,
    )
    return make_response(page, status)


@staff.act("/invalidations/<int32:invalidation_id>/approve", needs=Permission.INVALIDATE, asks=Ask.FACTOR)
def invalidation_approve(invalidation_id: int) -> AnyResponse:
    return decide(invalidation, StaffForm(request.form), lambda: services.approve(actor(), invalidation_id))


@staff.act("/invalidations/<int32:invalidation_id>/discard", needs=Permission.INVALIDATE, asks=Ask.REASON)
def invalidation_discard(invalidation_id: int) -> AnyResponse:
    """Refuse it, or recall one’s own."""
    form = StatedReasonForm(request.form)
    return decide(
        invalidation,
        form,
        lambda: services.discard(actor(), invalidation_id, reason=form.why.data),
        recorded=("discard", "take_back"),
    )


@staff.act(
    "/invalidations/<int32:invalidation_id>/acknowledge", needs=Permission.INVALIDATE, asks=Ask.NOTHING
)
def invalidation_acknowledge(invalidation_id: int) -> AnyResponse:
    """As its author: take it out of the inbox."""
    return decide(
        invalidation, StaffForm(request.form), lambda: services.acknowledge(actor(), invalidation_id)
    )


@staff.act(
    "/invalidations/<int32:invalidation_id>/undo", needs=Permission.INVALIDATE, asks=Ask.REASON | Ask.FACTOR
)
def invalidation_undo(invalidation_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    return decide(invalidation, form, lambda: services.undo(actor(), invalidation_id, reason=form.why.data))
