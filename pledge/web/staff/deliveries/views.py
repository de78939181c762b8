"""Deliveries: the list, one with its pack, and what became of it."""

from collections.abc import Callable
from itertools import chain

from flask import Response, abort, make_response, render_template, request, url_for
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect
from wtforms import Form

from pledge.accounts.roles import Permission
from pledge.campaigns.rules import BadFields
from pledge.core import languages
from pledge.deliveries import document as documents
from pledge.deliveries import queries, services
from pledge.deliveries.models import DeliveryState
from pledge.deliveries.pack.packing import members
from pledge.deliveries.queries import DeliveryRow
from pledge.exports.files import file_name
from pledge.files.storage import StorageAway
from pledge.jobs import services as jobs
from pledge.jobs.models import JobKind, JobState
from pledge.web.staff.auth.access import actor, me, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.deliveries.forms import CHANNELS, AnswerForm, HandingOverForm, show_faults
from pledge.web.staff.forms import StatedReasonForm

_ONE = "/deliveries/<int(min=1,max=2147483647):delivery_id>"


@staff.get("/deliveries")
@needs(Permission.EXPORT)
def deliveries() -> str:
    lines = [(one, jobs.newest(JobKind.PACK, one.id)) for one in queries.overview()]
    return render_template("staff/deliveries/deliveries.html", lines=lines, choices=queries.choices())


@staff.get(_ONE)
@needs(Permission.EXPORT)
def delivery(delivery_id: int) -> Response:
    return _page(_delivery_or_404(delivery_id))


@staff.post(f"{_ONE}/retry")
@needs(Permission.EXPORT)
def delivery_retry(delivery_id: int) -> AnyResponse:
    job = jobs.newest(JobKind.PACK, _delivery_or_404(delivery_id).id)
    try:
        jobs.retry(actor(), job.id if job else 0)
    except jobs.NotFailed:
        return _page(_delivery_or_404(delivery_id), status=409, refused="state")
    return redirect(url_for("staff.delivery", delivery_id=delivery_id), 303)


@staff.post(f"{_ONE}/download")
@needs(Permission.EXPORT)
def delivery_download(delivery_id: int) -> AnyResponse:
    """The pack. The download is recorded before its first byte is sent."""
    found = _delivery_or_404(delivery_id)
    job = jobs.newest(JobKind.PACK, delivery_id)
    try:
        parts = None if job is None else jobs.chunks(job.id)
        # Opened here: a storage that is away must give an error page, not half a file.
        first = None if parts is None else next(parts, b"")
    except StorageAway:
        return _page(found, status=503, refused="storage")
    if job is None or parts is None or first is None:
        return _page(found, status=409, refused="state")
    services.note_download(actor(), delivery_id, (job.sha256 or b"").hex())
    response = Response(chain((first,), parts), mimetype="application/zip")
    response.content_length = job.size
    name = file_name(found.slug, "pack", found.frozen_at, found.size, delivery_id, "zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@staff.post(f"{_ONE}/hand-over")
@needs(Permission.EXPORT)
def delivery_hand_over(delivery_id: int) -> AnyResponse:
    form = HandingOverForm(request.form)
    why = form.reason.data or ""
    return _record(delivery_id, form, lambda: services.hand_over(actor(), delivery_id, form.entry, why))


@staff.post(f"{_ONE}/answer")
@needs(Permission.EXPORT)
def delivery_answer(delivery_id: int) -> AnyResponse:
    form = AnswerForm(request.form)
    why = form.answer_reason.data or ""
    return _record(delivery_id, form, lambda: services.answer(actor(), delivery_id, form.entry, why))


@staff.post(f"{_ONE}/discard")
@needs(Permission.EXPORT)
def delivery_discard(delivery_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    why = (form.why.data or "").strip()
    return _record(delivery_id, form, lambda: services.discard(actor(), delivery_id, why))


def _record(delivery_id: int, form: Form, act: Callable[[], None]) -> AnyResponse:
    """Do it and return to the delivery's page, or show the errors there; nothing that was typed is lost."""
    found = _delivery_or_404(delivery_id)
    if not form.validate():
        return _page(found, form, 422)
    try:
        act()
    except BadFields as wrong:
        before = found.handed_over_at if isinstance(form, AnswerForm) else found.frozen_at
        show_faults(form, wrong.faults, before)
        return _page(found, form, 422)
    except services.DeliveryInWrongState:
        return _page(_delivery_or_404(delivery_id), form, 409, refused="state")
    except services.PackNotMade:
        return _page(_delivery_or_404(delivery_id), form, 409, refused="pack")
    return redirect(url_for("staff.delivery", delivery_id=delivery_id), 303)


def _delivery_or_404(delivery_id: int) -> DeliveryRow:
    found = queries.find(delivery_id)
    if found is None:
        abort(404)
    return found


def _page(found: DeliveryRow, sent: Form | None = None, status: int = 200, refused: str = "") -> Response:
    """The page of a delivery; `sent` is the form that was refused."""
    job = jobs.newest(JobKind.PACK, found.id)
    recorded = languages.as_fields(found._asdict())
    forms: dict[str, Form] = {
        "hand_over": HandingOverForm(data=recorded),
        "answer": AnswerForm(data=recorded),
        "discard": StatedReasonForm(),
    }
    name = next((name for name, form in forms.items() if type(form) is type(sent)), "")
    if sent is not None:
        forms[name] = sent
    document = documents.from_json(found.document)
    page = render_template(
        "staff/deliveries/delivery.html",
        found=found,
        document=document,
        members=members(document),
        job=job,
        has_pack=job is not None and job.state == JobState.DONE,
        may_write_news=me().can(Permission.EDIT_CAMPAIGNS),
        forms=forms,
        sent=sent,
        sent_name=name,
        channels=CHANNELS,
        is_frozen=found.state == DeliveryState.FROZEN,
        refused=refused,
    )
    return make_response(page, status)
