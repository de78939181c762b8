"""Paper signatures in the staff area: enter a batch with its scan; another person counts it; take an agreed one back."""

from collections.abc import Callable

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.accounts.two_people import WrongState, obstacle
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.rules import FieldFault
from pledge.core import languages
from pledge.files import scans
from pledge.files.scans import MAX_SCAN
from pledge.files.storage import StorageAway
from pledge.paper import queries, services
from pledge.paper.models import PaperBatch, PaperState
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa, requires_recent_mfa_for_file
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import RemoveForm
from pledge.web.staff.campaigns.sections import OK, removal_page, saved, section_page
from pledge.web.staff.deciding import decide
from pledge.web.staff.forms import FAULTS, SavingProblem, StatedReasonForm, attempt, take_scan
from pledge.web.staff.paper.forms import BatchForm, CheckForm

_ALL = "/campaigns/<slug>/paper"
_ONE = f"{_ALL}/<int(min=1,max=2147483647):batch_id>"
#: Bytes: a scan that is somewhat too large is refused beside its field.
_BODY = MAX_SCAN + 5_000_000


@staff.get(_ALL)
@needs(Permission.EDIT_CAMPAIGNS)
def paper(slug: str) -> Response:
    desk = campaigns.desk(slug)
    batches = queries.newest(desk.id)
    page = render_template(
        "staff/paper/batches.html",
        desk=desk,
        batches=batches,
        counted=queries.public(desk.id),
        may_see=_may_see(),
        saved=request.args.get("saved") == "1",
    )
    return make_response(page)


@staff.get(f"{_ALL}/new")
@needs(Permission.EDIT_CAMPAIGNS)
def paper_new(slug: str) -> Response:
    return _form_page(slug, None, BatchForm(), OK)


@staff.post(f"{_ALL}/new")
@allows(body=_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def paper_new_post(slug: str) -> AnyResponse:
    form, entered = BatchForm(request.form), []
    scan = take_scan(form, "scan")
    problem = attempt(
        form,
        lambda: entered.append(services.enter(actor(), slug, form.fields, scan)),
        check=lambda: services.clean(form.fields, has_scan=True),
    )
    return _form_page(slug, None, form, problem) if problem else _back(slug, entered[0])


@staff.get(_ONE)
@needs(Permission.EDIT_CAMPAIGNS)
def paper_batch(slug: str, batch_id: int) -> Response:
    return _page(slug, batch_id, 200)


@staff.get(f"{_ONE}/edit")
@needs(Permission.EDIT_CAMPAIGNS)
def paper_edit(slug: str, batch_id: int) -> AnyResponse:
    found = _found(slug, batch_id)
    # Its form has the number: who is to count it again disputes what is wrong instead.
    if not _is_open(found) or not _may_see()(found):
        return _back(slug, batch_id)
    return _form_page(slug, found, BatchForm(data={**_typed(found), "seen": found.stamp}), OK)


@staff.post(f"{_ONE}/edit")
@allows(body=_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def paper_edit_post(slug: str, batch_id: int) -> AnyResponse:
    # Its answer may have the number, too.
    if not _may_see()(_found(slug, batch_id)):
        return _page(slug, batch_id, 409, "state")
    form = BatchForm(request.form)
    scan = take_scan(form, "scan")
    try:
        problem = attempt(
            form,
            lambda: services.change(actor(), slug, batch_id, form.seen.data or "", form.fields, scan=scan),
            check=lambda: services.clean(form.fields, has_scan=True),
        )
    except WrongState:
        return _page(slug, batch_id, 409, "state")
    return _form_page(slug, _found(slug, batch_id), form, problem) if problem else _back(slug, batch_id)


@staff.post(f"{_ONE}/check")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def paper_check(slug: str, batch_id: int) -> AnyResponse:
    form = CheckForm(request.form)
    number = form.checked.data if form.validate() else None
    if number is None:
        form.checked.errors = [FAULTS[FieldFault.NUMBER]]
        return _page(slug, batch_id, 422, check=form)
    return _decide(
        slug, batch_id, lambda: services.check(actor(), slug, batch_id, form.seen.data or "", number)
    )


@staff.post(f"{_ONE}/withdraw")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def paper_withdraw(slug: str, batch_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    if not form.validate():
        return _page(slug, batch_id, 422, form=form)
    return _decide(slug, batch_id, lambda: services.withdraw(actor(), slug, batch_id, form.why.data or ""))


@staff.post(f"{_ONE}/scan")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa_for_file
def paper_scan(slug: str, batch_id: int) -> AnyResponse:
    """The scan as it was uploaded. The download is recorded before its first byte is sent."""
    found = _found(slug, batch_id)
    try:
        data = scans.scan(found.scan) if found.scan else None
    except StorageAway:
        return _page(slug, batch_id, 503, "storage")
    if data is None:
        return _page(slug, batch_id, 409, "state")
    services.note_download(actor(), slug, batch_id)
    media_type, ending = scans.type_of(data)
    response = Response(data, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-paper-{batch_id}.{ending}"'
    return response


@staff.get(f"{_ONE}/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def paper_remove(slug: str, batch_id: int) -> AnyResponse:
    found = _found(slug, batch_id)
    if not _is_open(found):
        return _back(slug, batch_id)
    return _removal_page(slug, found, RemoveForm(data={"seen": found.stamp}), OK)


@staff.post(f"{_ONE}/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def paper_remove_post(slug: str, batch_id: int) -> AnyResponse:
    found, form = _found(slug, batch_id), RemoveForm(request.form)
    try:
        problem = attempt(
            form,
            lambda: services.remove(actor(), slug, batch_id, form.seen.data or "", form.reason.data or ""),
        )
    except WrongState:
        return _page(slug, batch_id, 409, "state")
    return _removal_page(slug, found, form, problem) if problem else saved("paper", slug)


def _typed(found: PaperBatch) -> dict[str, object]:
    """The fields as the form holds them."""
    return {
        **languages.by_field("place", found.place),
        "collected_on": found.collected_on,
        "sheets": found.sheets,
        "signatures": found.signatures,
    }


def _found(slug: str, batch_id: int) -> PaperBatch:
    return queries.find(campaigns.desk(slug).id, batch_id)


def _is_open(found: PaperBatch) -> bool:
    return found.state in (PaperState.COUNTED, PaperState.DISPUTED)


def _may_see() -> Callable[[PaperBatch], bool]:
    """Whether the number of a batch may be shown: who is to count it does not see what the first person counted."""
    me = actor().staff_id
    return lambda found: found.state != PaperState.COUNTED or found.proposed_by == me


def _back(slug: str, batch_id: int) -> AnyResponse:
    return redirect(url_for("staff.paper_batch", slug=slug, batch_id=batch_id), 303)


def _decide(slug: str, batch_id: int, act: Callable[[], object]) -> AnyResponse:
    return decide(
        act,
        lambda status, refused: _page(slug, batch_id, status, refused),
        url_for("staff.paper_batch", slug=slug, batch_id=batch_id),
    )


def _form_page(slug: str, found: PaperBatch | None, form: BatchForm, problem: SavingProblem) -> Response:
    return section_page("staff/paper/edit.html", campaigns.desk(slug), form, problem, found=found)


def _removal_page(slug: str, found: PaperBatch, form: RemoveForm, problem: SavingProblem) -> Response:
    back = url_for("staff.paper_batch", slug=slug, batch_id=found.id)
    return removal_page(slug, found.place, back, form, problem)


def _page(
    slug: str,
    batch_id: int,
    status: int,
    refused: str = "",
    *,
    form: StatedReasonForm | None = None,
    check: CheckForm | None = None,
) -> Response:
    found = _found(slug, batch_id)
    page = render_template(
        "staff/paper/batch.html",
        desk=campaigns.desk(slug),
        found=found,
        may_see=_may_see()(found),
        obstacle=obstacle(found.proposed_by, actor().staff_id),
        form=form or StatedReasonForm(),
        check=check or CheckForm(data={"seen": found.stamp}),
        refused=refused,
    )
    return make_response(page, status)
