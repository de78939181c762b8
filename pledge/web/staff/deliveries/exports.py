"""Exports: the list, a new one, and the file once the worker has made it."""

from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect
from wtforms import Form, HiddenField, SelectField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import AnyOf, ValidationError

from pledge.accounts.roles import Permission
from pledge.campaigns.queries import slugs
from pledge.core import i18n, languages
from pledge.deliveries import tables
from pledge.exports import services
from pledge.jobs import services as jobs
from pledge.statistics.totals import DoesNotAddUp, NoSuchCheckpoint, UnknownCampaign
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa, requires_recent_mfa_for_file
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import check_reason

#: The names of the kinds of rows, in the order of the list to choose from.
KINDS: dict[str, Any] = {
    "ledger": _l("Every confirmation and withdrawal, in the order of the public log"),
    "organizations": _l("Published organisations"),
}
FORMATS: dict[str, Any] = {"csv": "CSV", "xlsx": "XLSX (Excel)"}
TOTALS_FORMATS: dict[str, Any] = {"xlsx": "XLSX (Excel)", "csv": "CSV", "json": "JSON"}
MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def check_lang(_form: Form, field: Field) -> None:
    if field.data not in languages.codes():
        raise ValidationError(_l("Choose a language."))


class TotalsForm(StaffForm):
    """One click: each button has its format."""

    format = HiddenField(validators=[AnyOf(TOTALS_FORMATS, _l("Choose a format."))])
    lang = SelectField(_l("Language of the file"), [check_lang], validate_choice=False)


class ExportForm(StaffForm):
    campaign = SelectField(_l("Campaign"), validate_choice=False)
    kind = SelectField(_l("Rows"), [AnyOf(KINDS, _l("Choose what you need."))], validate_choice=False)
    format = SelectField(_l("Format"), [AnyOf(FORMATS, _l("Choose a format."))], validate_choice=False)
    lang = SelectField(_l("Language of the file"), [check_lang], validate_choice=False)
    why = TextAreaField(_l("Reason"))

    def validate_campaign(self, field: Field) -> None:
        if field.data not in slugs().values():
            raise ValidationError(_l("Choose a campaign."))

    def validate_why(self, field: Field) -> None:
        check_reason(field)


@staff.get("/exports")
@needs(Permission.EXPORT)
def exports() -> Response:
    return _page(_empty(), 200)


@staff.post("/exports")
@needs(Permission.EXPORT)
@requires_recent_mfa
def exports_post() -> AnyResponse:
    form = ExportForm(request.form)
    if not form.validate():
        return _page(form, 422)
    wanted = form.campaign.data, form.kind.data, form.format.data
    services.request(actor(), *wanted, lang=form.lang.data, reason=form.why.data or "")
    return redirect(url_for("staff.exports"), 303)


@staff.post("/exports/totals/<slug>")
@needs(Permission.EXPORT)
def export_totals(slug: str) -> AnyResponse:
    """The totals at the newest checkpoint as a file, at once. They are public, so no reason is asked for."""
    form = TotalsForm(request.form)
    if not form.validate():
        return _page(_empty(), 422, refused="form")
    try:
        file = tables.totals_file(actor(), slug, form.format.data, form.lang.data)
    except UnknownCampaign:
        abort(404)
    except NoSuchCheckpoint:
        return _page(_empty(), 409, refused="nothing")
    except DoesNotAddUp:
        return _page(_empty(), 409, refused="sum")
    response = Response(file.content, mimetype=MEDIA_TYPES[form.format.data])
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


@staff.post("/exports/<int(min=1,max=2147483647):export_id>/download")
@needs(Permission.EXPORT)
@requires_recent_mfa_for_file
def export_download(export_id: int) -> AnyResponse:
    """The file, if it is still there. The download is recorded before its first byte is sent."""
    export = services.find(export_id)
    parts = None if export is None or export.job is None else jobs.chunks(export.job.id)
    if export is None or export.job is None or parts is None:
        abort(404)
    services.note_download(actor(), export)
    response = Response(parts, mimetype="application/zip")
    response.content_length = export.job.size
    response.headers["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    return response


def _empty() -> ExportForm:
    return ExportForm(format="csv", lang=i18n.language())


def _page(form: ExportForm, status: int, refused: str = "") -> Response:
    """`refused`: why there are no totals."""
    page = render_template(
        "staff/deliveries/exports.html",
        form=form,
        exports=services.newest(),
        kinds=KINDS,
        formats=FORMATS,
        totals_formats=TOTALS_FORMATS,
        readers={code: languages.name(code, i18n.language()) for code in languages.codes()},
        newest=tables.newest_checkpoints(),
        refused=refused,
    )
    return make_response(page, status)
