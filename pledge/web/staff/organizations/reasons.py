"""The list of reasons that the review desk offers, and editing it."""

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.core import languages
from pledge.endorsements.models import ReasonKind
from pledge.endorsements.review import reasons
from pledge.endorsements.review.reasons import BadReason
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.organizations.forms import ReasonTextForm


@staff.get("/reasons")
@needs(Permission.REVIEW_ORGANIZATIONS)
def review_reasons() -> Response:
    """The list, with an empty form, or with the one that `code` names in it."""
    code = request.args.get("code", "")
    if not code:
        return _page(ReasonTextForm(kind=ReasonKind.CHANGES, active=True), 200)
    known = next((reason for reason in reasons.all_reasons() if reason.code == code), None)
    if known is None:
        abort(404)
    return _page(ReasonTextForm(obj=known, **languages.by_field("wording", known.wording)), 200, editing=code)


@staff.post("/reasons")
@needs(Permission.REVIEW_ORGANIZATIONS)
def review_reasons_post() -> AnyResponse:
    """Add one, or change the words of one: its short name says which."""
    form = ReasonTextForm(request.form)
    if not form.validate():
        return _page(form, 422)
    try:
        reasons.save(
            actor(),
            code=form.code.data,
            kind=ReasonKind(form.kind.data),
            wording=form.by_language("wording"),
            active=form.active.data,
        )
    except BadReason:
        form.code.errors = [_("This short name belongs to a reason for another act.")]
        return _page(form, 422)
    return redirect(url_for("staff.review_reasons", saved=1), 303)


def _page(form: ReasonTextForm, status: int, editing: str = "") -> Response:
    return make_response(
        render_template(
            "staff/organizations/reasons.html",
            reasons=reasons.all_reasons(),
            form=form,
            editing=editing or request.form.get("editing", ""),
            saved=request.args.get("saved") == "1",
        ),
        status,
    )
