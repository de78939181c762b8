"""Invalidations: propose one by condition, see which signatures match, approve, discard, undo."""

from collections.abc import Callable
from functools import partial

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect

from pledge.abuse.blocks import Spared
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import obstacle
from pledge.campaigns.queries import slugs
from pledge.signatures.invalidation import queries, services
from pledge.signatures.invalidation.models import InvalidationAct, InvalidationReason, NoCondition
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa
from pledge.web.staff.blueprint import staff
from pledge.web.staff.deciding import decide
from pledge.web.staff.forms import StatedReasonForm
from pledge.web.staff.signatures.forms import InvalidationForm

_ONE = "/invalidations/<int(min=1,max=2147483647):invalidation_id>"


@staff.get("/invalidations")
@needs(Permission.INVALIDATE)
def invalidations() -> str:
    return render_template("staff/signatures/invalidations.html", invalidations=queries.newest())


@staff.get("/invalidations/new")
@needs(Permission.INVALIDATE)
def invalidation_new() -> Response:
    """The form; a network or domain that the watch shows may be filled in, by its hash."""
    filled = {name: f"#{request.args[name]}" for name in ("network", "domain") if name in request.args}
    return _new_page(InvalidationForm(**filled), 200)


@staff.post("/invalidations/new")
@needs(Permission.INVALIDATE)
def invalidation_new_post() -> AnyResponse:
    form = InvalidationForm(request.form)
    form.campaigns = slugs()
    if not form.validate():
        return _new_page(form, 422)
    act, note = InvalidationAct(form.act.data), form.note.data or ""
    try:
        number = services.propose(
            actor(), form.condition, form.public_reason, note, notify=form.tells, act=act
        )
    except NoCondition:
        form.network.errors = [
            _("Give at least one condition besides the campaign; otherwise it would match everybody.")
        ]
    except services.NothingMatches:
        form.network.errors = [
            _("No signature that this is about meets all of these conditions. Nothing was recorded.")
        ]
    except Spared:
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
    return _new_page(form, 422)


@staff.get(_ONE)
@needs(Permission.INVALIDATE)
def invalidation(invalidation_id: int) -> Response:
    return _page(invalidation_id, StatedReasonForm(), 200)


@staff.post(f"{_ONE}/approve")
@needs(Permission.INVALIDATE)
@requires_recent_mfa
def invalidation_approve(invalidation_id: int) -> AnyResponse:
    return _decide(invalidation_id, StatedReasonForm(), lambda: services.approve(actor(), invalidation_id))


@staff.post(f"{_ONE}/discard")
@needs(Permission.INVALIDATE)
def invalidation_discard(invalidation_id: int) -> AnyResponse:
    return _explained(invalidation_id, services.discard)


@staff.post(f"{_ONE}/undo")
@needs(Permission.INVALIDATE)
@requires_recent_mfa
def invalidation_undo(invalidation_id: int) -> AnyResponse:
    return _explained(invalidation_id, services.undo)


def _explained(invalidation_id: int, act: Callable[..., None]) -> AnyResponse:
    form = StatedReasonForm(request.form)
    if not form.validate():
        return _page(invalidation_id, form, 422)
    return _decide(invalidation_id, form, lambda: act(actor(), invalidation_id, form.why.data or ""))


def _decide(invalidation_id: int, form: StatedReasonForm, act: Callable[[], None]) -> AnyResponse:
    return decide(
        act,
        partial(_page, invalidation_id, form),
        url_for("staff.invalidation", invalidation_id=invalidation_id),
    )


def _new_page(form: InvalidationForm, status: int) -> Response:
    page = render_template(
        "staff/signatures/invalidation_new.html",
        form=form,
        reasons=list(InvalidationReason),
        alone=services.MAX_WITHOUT_SECOND_PERSON,
    )
    return make_response(page, status)


def _page(invalidation_id: int, form: StatedReasonForm, status: int, refused: str = "") -> Response:
    found = queries.find(invalidation_id)
    is_small = found.matched <= services.max_alone(found.act)
    page = render_template(
        "staff/signatures/invalidation.html",
        found=found,
        sample=queries.sample(invalidation_id),
        hold_reasons=queries.hold_reasons(invalidation_id),
        earlier=queries.similar(found.condition, but=invalidation_id),
        slugs=slugs(),
        obstacle="" if is_small else obstacle(found.proposed_by, actor().staff_id),
        alone=services.MAX_WITHOUT_SECOND_PERSON,
        form=form,
        refused=refused,
    )
    return make_response(page, status)
