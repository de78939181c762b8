"""Deciding about an organisation: each act is compared with what was seen and has its reason."""

from collections.abc import Callable

from flask import abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug import Response
from wtforms import Form

from pledge.accounts.roles import Permission
from pledge.endorsements.review import moderation, queries
from pledge.endorsements.review.moderation import CaseChanged, CaseInWrongState, UnknownCase
from pledge.endorsements.review.queries import SeenState
from pledge.endorsements.review.reasons import BadReason
from pledge.endorsements.verification.ladder import check_site, site_proof
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.organizations.forms import Forms
from pledge.web.staff.organizations.views import NUMBER, case_page

Act = Callable[[int, SeenState, Forms], None]

#: What each act does to a case, by the last part of its address; the form of the same name holds its reason.
ACTS: dict[str, Act] = {
    "publish": lambda case, seen, _: moderation.publish(actor(), case, seen),
    "changes": lambda case, seen, forms: moderation.ask_for_changes(
        actor(), case, seen, forms.changes.code.data or "", forms.changes.note.data
    ),
    "decline": lambda case, seen, forms: moderation.decline(
        actor(), case, seen, forms.decline.code.data or "", forms.decline.note.data
    ),
    "remove": lambda case, seen, forms: moderation.remove(
        actor(), case, seen, forms.remove.code.data or "", forms.remove.words
    ),
    "reinstate": lambda case, seen, forms: moderation.reinstate(
        actor(), case, seen, forms.reinstate.why.data
    ),
    "reopen": lambda case, seen, forms: moderation.reopen(actor(), case, seen, forms.reopen.why.data),
    "merge": lambda case, seen, forms: moderation.merge(
        actor(), case, forms.merge.number, seen, forms.merge.why.data
    ),
    "certify": lambda case, seen, forms: moderation.certify(actor(), case, seen, forms.certify.why.data),
    "uncertify": lambda case, seen, forms: moderation.uncertify(
        actor(), case, seen, forms.uncertify.why.data
    ),
}


@staff.post(f"/organizations/{NUMBER}/<act>")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_act(endorsement_id: int, act: str) -> Response:
    if act not in ACTS:
        abort(404)
    return _decide(endorsement_id, act, ACTS[act])


@staff.post(f"/organizations/{NUMBER}/site")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_site(endorsement_id: int) -> Response:
    """Look for the proof on the website now, before and outside the transaction that writes down what was found."""
    case = queries.find(endorsement_id)
    if case is None:
        abort(404)
    # Of the version that the level speaks for: a correction that waits must not prove the website on the wall.
    shown = case.published or case.newest
    found = check_site(str(shown.fields["website"]), site_proof(endorsement_id))
    return _decide(
        endorsement_id,
        "site-found" if found else "site-not-found",
        lambda case, seen, _: moderation.note_site_proof(actor(), case, seen, found),
    )


def _decide(endorsement_id: int, name: str, act: Act) -> Response:
    """Run one act and go back to the case, or show the case with what kept it from being done."""
    try:
        seen = SeenState.parse(request.form.get("seen", ""))
    except ValueError:
        abort(400)
    forms = Forms.sent()
    form = forms.named(name)
    if form is not None and not form.validate():
        return case_page(endorsement_id, 422, forms=forms, acted=name)
    try:
        act(endorsement_id, seen, forms)
    except UnknownCase:
        if queries.find(endorsement_id) is None:
            abort(404)
        return case_page(
            endorsement_id, 409, forms=forms, acted=name, fault=_("The other organisation no longer exists.")
        )
    except CaseChanged:
        return case_page(endorsement_id, 409, forms=forms, acted=name, was=seen)
    except CaseInWrongState:
        fault = _("This cannot be done in the case’s current state.")
        return case_page(endorsement_id, 409, forms=forms, acted=name, fault=fault)
    except BadReason:
        _tell_reason(form)
        return case_page(endorsement_id, 422, forms=forms, acted=name)
    return redirect(url_for("staff.organization", endorsement_id=endorsement_id, done=name), 303)


def _tell_reason(form: Form | None) -> None:
    if form is not None and "code" in form:
        form["code"].errors = [_("Choose a reason from the list.")]
