"""Deciding about an organisation: one POST for each act, compared with what was seen, each with its reason."""

from collections.abc import Callable

from flask import abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug import Response
from wtforms import Form

from pledge.accounts.roles import Permission
from pledge.endorsements import levels, merging, moderation, review
from pledge.endorsements.cases import CaseChanged, NotPossible, Seen, UnknownCase
from pledge.endorsements.ladder import check_site, site_proof
from pledge.endorsements.reasons import BadReason
from pledge.staff.access import actor, needs
from pledge.staff.blueprint import staff
from pledge.staff.organization_forms import Forms
from pledge.staff.organizations import NUMBER, case_page


@staff.post(f"/organizations/{NUMBER}/publish")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_publish(endorsement_id: int) -> Response:
    return _decide(
        endorsement_id, "publish", lambda seen, _: moderation.publish(actor(), endorsement_id, seen)
    )


@staff.post(f"/organizations/{NUMBER}/changes")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_changes(endorsement_id: int) -> Response:
    def act(seen: Seen, forms: Forms) -> None:
        form = forms.changes
        moderation.ask_for_changes(actor(), endorsement_id, seen, form.code.data or "", form.note.data)

    return _decide(endorsement_id, "changes", act)


@staff.post(f"/organizations/{NUMBER}/decline")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_decline(endorsement_id: int) -> Response:
    def act(seen: Seen, forms: Forms) -> None:
        form = forms.decline
        moderation.decline(actor(), endorsement_id, seen, form.code.data or "", form.note.data)

    return _decide(endorsement_id, "decline", act)


@staff.post(f"/organizations/{NUMBER}/remove")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_remove(endorsement_id: int) -> Response:
    def act(seen: Seen, forms: Forms) -> None:
        form = forms.remove
        moderation.remove(actor(), endorsement_id, seen, form.code.data or "", form.words)

    return _decide(endorsement_id, "remove", act)


@staff.post(f"/organizations/{NUMBER}/reinstate")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_reinstate(endorsement_id: int) -> Response:
    return _decide(
        endorsement_id,
        "reinstate",
        lambda seen, forms: moderation.reinstate(actor(), endorsement_id, seen, forms.reinstate.why.data),
    )


@staff.post(f"/organizations/{NUMBER}/reopen")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_reopen(endorsement_id: int) -> Response:
    return _decide(
        endorsement_id,
        "reopen",
        lambda seen, forms: moderation.reopen(actor(), endorsement_id, seen, forms.reopen.why.data),
    )


@staff.post(f"/organizations/{NUMBER}/merge")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_merge(endorsement_id: int) -> Response:
    return _decide(
        endorsement_id,
        "merge",
        lambda seen, forms: merging.merge(
            actor(), endorsement_id, forms.merge.number, seen, forms.merge.why.data
        ),
    )


@staff.post(f"/organizations/{NUMBER}/certify")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_certify(endorsement_id: int) -> Response:
    return _decide(
        endorsement_id,
        "certify",
        lambda seen, forms: levels.certify(actor(), endorsement_id, seen, forms.certify.why.data),
    )


@staff.post(f"/organizations/{NUMBER}/uncertify")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_uncertify(endorsement_id: int) -> Response:
    return _decide(
        endorsement_id,
        "uncertify",
        lambda seen, forms: levels.uncertify(actor(), endorsement_id, seen, forms.uncertify.why.data),
    )


@staff.post(f"/organizations/{NUMBER}/site")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_site(endorsement_id: int) -> Response:
    """Look for the proof on the website now, before and outside the transaction that writes down what was found."""
    case = review.find(endorsement_id)
    if case is None:
        abort(404)
    # Of the version that the level speaks for: a correction that waits must not prove the website on the wall.
    shown = case.published or case.newest
    found = check_site(str(shown.fields["website"]), site_proof(endorsement_id))
    return _decide(
        endorsement_id,
        "site-found" if found else "site-not-found",
        lambda seen, _: levels.note_site_proof(actor(), endorsement_id, seen, found),
    )


def _decide(endorsement_id: int, name: str, act: Callable[[Seen, Forms], None]) -> Response:
    """Run one act and go back to the case, or show the case with what kept it from being done."""
    try:
        seen = Seen.parse(request.form.get("seen", ""))
    except ValueError:
        abort(400)
    forms = Forms.sent()
    form = forms.named(name)
    if form is not None and not form.validate():
        return case_page(endorsement_id, 422, forms=forms, acted=name)
    try:
        act(seen, forms)
    except UnknownCase:
        if review.find(endorsement_id) is None:
            abort(404)
        return case_page(
            endorsement_id, 409, forms=forms, acted=name, fault=_("The other one does not exist any more.")
        )
    except CaseChanged:
        return case_page(endorsement_id, 409, forms=forms, acted=name, was=seen)
    except NotPossible:
        fault = _("This cannot be done in the state that the case is in.")
        return case_page(endorsement_id, 409, forms=forms, acted=name, fault=fault)
    except BadReason:
        _tell_reason(form)
        return case_page(endorsement_id, 422, forms=forms, acted=name)
    return redirect(url_for("staff.organization", endorsement_id=endorsement_id, done=name), 303)


def _tell_reason(form: Form | None) -> None:
    if form is not None and "code" in form:
        form["code"].errors = [_("Choose a reason from the list.")]
