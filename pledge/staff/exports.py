"""Taking rows out: what was asked for lately, asking for more, and the file once the worker has made it."""

from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect
from wtforms import SelectField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.accounts.roles import Permission
from pledge.campaigns.queries import slugs
from pledge.delivery import exports, jobs
from pledge.forms import StaffForm
from pledge.staff.access import actor, fresh, needs
from pledge.staff.blueprint import staff
from pledge.staff.signature_forms import check_why

#: What the rows are called, in the order of the list to choose from.
KINDS: dict[str, Any] = {
    "ledger": _l("Every confirmation and withdrawal, in the order of the public log"),
    "organizations": _l("Organisations on the wall"),
}
FORMATS: dict[str, Any] = {"csv": "CSV", "xlsx": "XLSX (Excel)"}


class ExportForm(StaffForm):
    campaign = SelectField(_l("Campaign"), validate_choice=False)
    kind = SelectField(_l("Rows"), validate_choice=False)
    format = SelectField(_l("Format"), validate_choice=False)
    why = TextAreaField(_l("Reason"))

    def validate_campaign(self, field: Field) -> None:
        if field.data not in slugs().values():
            raise ValidationError(_l("Choose a campaign."))

    def validate_kind(self, field: Field) -> None:
        if field.data not in KINDS:
            raise ValidationError(_l("Choose what you need."))

    def validate_format(self, field: Field) -> None:
        if field.data not in FORMATS:
            raise ValidationError(_l("Choose a format."))

    def validate_why(self, field: Field) -> None:
        check_why(field)


@staff.get("/exports", endpoint="exports")
@needs(Permission.EXPORT)
def overview() -> Response:
    return _page(ExportForm(format="csv"), 200)


@staff.post("/exports", endpoint="export_new")
@needs(Permission.EXPORT)
@fresh
def ask() -> AnyResponse:
    form = ExportForm(request.form)
    if not form.validate():
        return _page(form, 422)
    exports.request(actor(), form.campaign.data, form.kind.data, form.format.data, form.why.data or "")
    return redirect(url_for("staff.exports"), 303)


@staff.post("/exports/<int(min=1,max=2147483647):export_id>/download", endpoint="export_download")
@needs(Permission.EXPORT)
@fresh
def download(export_id: int) -> AnyResponse:
    """The file, if it is there still. That somebody takes it is recorded before the first byte leaves."""
    export = exports.find(export_id)
    parts = None if export is None or export.job is None else jobs.chunks(export.job.id)
    if export is None or export.job is None or parts is None:
        abort(404)
    exports.note_download(actor(), export)
    response = Response(parts, mimetype="application/zip")
    response.content_length = export.job.size
    response.headers["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    return response


def _page(form: ExportForm, status: int) -> Response:
    page = render_template(
        "staff/exports.html",
        form=form,
        exports=exports.newest(),
        kinds=KINDS,
        formats=FORMATS,
    )
    return make_response(page, status)
