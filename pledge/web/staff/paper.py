"""Paper signatures in the staff area: enter a batch with its scan; another person counts it; take an agreed one back."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import StringField
from wtforms.validators import InputRequired

from pledge.accounts.roles import Permission
from pledge.accounts.two_people import obstacle
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.rules import FieldFault
from pledge.core import languages
from pledge.files import scans
from pledge.files.scans import MAX_SCAN
from pledge.paper import queries, services
from pledge.paper.models import PaperBatch
from pledge.paper.services import OPEN, PaperFields
from pledge.web.downloads import attachment
from pledge.web.forms import ByLanguage, StaffForm, WholeNumberField
from pledge.web.routes import Ask, Body
from pledge.web.staff import campaign_choice
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, REMOVAL, ask_and_remove
from pledge.web.staff.decisions import decide
from pledge.web.staff.forms import (
    SavingProblem,
    StampedForm,
    StatedReasonForm,
    UploadField,
    attempt,
    day_field,
)

_EDIT = Permission.EDIT_CAMPAIGNS
#: A scan that is somewhat too large is refused beside its field.
_BODY = Body(MAX_SCAN + 5_000_000)
_NO_NUMBER = FieldFault.NUMBER.value
_IS_NUMBER = InputRequired(_NO_NUMBER)


class BatchForm(StampedForm):
    place = ByLanguage(StringField, _l("Place or event"))
    collected_on = day_field(_l("Day"), FieldFault.MISSING.value)
    sheets = WholeNumberField(_l("Sheets"), [_IS_NUMBER], _NO_NUMBER)
    signatures = WholeNumberField(_l("Signatures"), [_IS_NUMBER], _NO_NUMBER)
    scan = UploadField(_l("Scan"), "scan")

    @property
    def fields(self) -> PaperFields:
        return self.entry(PaperFields)


class CheckForm(StampedForm):
    """What the second person counted, and of which batch."""

    checked = WholeNumberField(_l("Your count"), [_IS_NUMBER], _NO_NUMBER)


@staff.page("/paper", needs=_EDIT)
def paper_of_chosen() -> AnyResponse:
    """Redirect to the batches of the campaign that was chosen before, or of the one asked for."""
    chosen = campaign_choice.chosen(campaigns.rows())
    address = url_for("staff.campaigns") if chosen is None else url_for("staff.paper", slug=chosen.slug)
    return redirect(address, 303)


@staff.page("/paper/<slug>", needs=_EDIT)
def paper(slug: str) -> Response:
    desk = campaigns.desk(slug)
    page = render_template(
        "staff/paper/batches.html",
        desk=desk,
        campaigns=campaigns.rows(),
        batches=queries.newest(desk.id),
        counted=queries.public(desk.id),
    )
    return make_response(page)


@staff.page("/paper/<slug>/new", needs=_EDIT)
def paper_new(slug: str) -> Response:
    return _page(slug, None, BatchForm())


@staff.act("/paper/<slug>/new", needs=_EDIT, asks=Ask.NOTHING, body=_BODY)
def paper_new_post(slug: str) -> AnyResponse:
    form, entered = BatchForm(request.form), []
    scan = form.scan.store()
    problem = attempt(
        form,
        lambda: entered.append(services.enter(actor(), slug, form.fields, scan)),
        check=lambda: services.clean(form.fields, has_scan=bool(scan)),
    )
    return _page(slug, None, form, problem) if problem else _back(slug, entered[0])


@staff.page("/paper/<slug>/<int32:batch_id>", needs=_EDIT)
def paper_batch(
    slug: str, batch_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    return _page(slug, _find(slug, batch_id), form, SavingProblem(status), refused)


@staff.act("/paper/<slug>/<int32:batch_id>/check", needs=_EDIT, asks=Ask.FACTOR)
def paper_check(slug: str, batch_id: int) -> AnyResponse:
    """The second count: it agrees, or the batch is disputed."""
    form = CheckForm(request.form)
    return decide(
        paper_batch,
        form,
        lambda: services.check(actor(), slug, batch_id, seen=form.seen.data, signatures=form.checked.data),
        recorded=("agree", "dispute"),
    )


@staff.act(
    "/paper/<slug>/<int32:batch_id>/withdraw",
    needs=_EDIT,
    asks=Ask.REASON | Ask.FACTOR,
)
def paper_withdraw(slug: str, batch_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    return decide(paper_batch, form, lambda: services.withdraw(actor(), slug, batch_id, reason=form.why.data))


@staff.act("/paper/<slug>/<int32:batch_id>/edit", needs=_EDIT, asks=Ask.NOTHING, body=_BODY)
def paper_edit(slug: str, batch_id: int) -> AnyResponse:
    # Its answer may have the number: who is to count it again disputes what is wrong instead.
    if not _may_see(_find(slug, batch_id)):
        return paper_batch(slug, batch_id, 409, "state")
    form = BatchForm(request.form)
    scan = form.scan.store()
    problem = attempt(
        form,
        lambda: services.change(actor(), slug, batch_id, form.seen.data, form.fields, scan=scan),
        check=lambda: services.clean(form.fields, has_scan=True),
    )
    return _page(slug, _find(slug, batch_id), form, problem) if problem else _back(slug, batch_id)


@staff.act("/paper/<slug>/<int32:batch_id>/scan", needs=_EDIT, asks=Ask.FACTOR | Ask.FILE)
def paper_scan(slug: str, batch_id: int) -> AnyResponse:
    """The scan as it was uploaded, names and handwriting. The download is recorded before its first byte is sent."""
    batch = _find(slug, batch_id)
    data = scans.scan(batch.scan) if batch.scan else None
    if data is None:
        return paper_batch(slug, batch_id, 409, "state")
    services.note_download(actor(), slug, batch_id)
    media_type, ending = scans.type_of(data)
    return attachment(data, media_type, f"{slug}-paper-{batch_id}.{ending}")


@staff.page("/paper/<slug>/<int32:batch_id>/remove", needs=_EDIT, asks=REMOVAL)
def paper_remove(slug: str, batch_id: int) -> AnyResponse:
    batch = _find(slug, batch_id)
    if request.method != "POST" and batch.state not in OPEN:
        return _back(slug, batch_id)
    return ask_and_remove(
        batch.place,
        batch.stamp,
        paper_batch,
        lambda seen, reason: services.remove(actor(), slug, batch_id, seen=seen, reason=reason),
        then=url_for("staff.paper", slug=slug),
    )


def _find(slug: str, batch_id: int) -> PaperBatch:
    return queries.find(campaigns.desk(slug).id, batch_id)


def _may_see(batch: PaperBatch) -> bool:
    """Whether the page of a batch may show its number: before the second count to its author alone, who may correct it."""
    return batch.shown_signatures is not None or batch.proposed_by == actor().staff_id


def _back(slug: str, batch_id: int) -> AnyResponse:
    return redirect(url_for("staff.paper_batch", slug=slug, batch_id=batch_id), 303)


def _page(
    slug: str,
    batch: PaperBatch | None,
    form: StaffForm | None,
    problem: SavingProblem = OK,
    refused: str = "",
) -> Response:
    """A batch, or the form of a new one; `form` is the one of its forms that was sent."""
    stamp = {} if batch is None else {"seen": batch.stamp}
    may_see = batch is None or _may_see(batch)
    content = languages.as_fields(batch.content) if batch is not None and may_see else {}
    forms: dict[str, StaffForm] = {
        "check": CheckForm(data=stamp),
        "why": StatedReasonForm(),
        "batch": BatchForm(data={**content, **stamp, "scan": None}),
    }
    forms |= {name: form for name, empty in forms.items() if isinstance(form, type(empty))}
    page = render_template(
        "staff/paper/batch.html",
        desk=campaigns.desk(slug),
        batch=batch,
        may_see=may_see,
        counts_from=batch and queries.counts_from(batch),
        obstacle=batch and obstacle(batch.proposed_by, actor().staff_id),
        forms=forms,
        form=form,
        problem=problem,
        refused="state" if problem.decided else refused,
    )
    return make_response(page, problem.status)
