"""Rows of the public log as a file: one press for each kind, made by the worker, fetched from the page of deliveries."""

from typing import Any

from flask import Response, abort, redirect, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.core import i18n
from pledge.exports import services
from pledge.exports.services import FORMATS, UnknownExport
from pledge.jobs import services as jobs
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff

#: The names of the kinds of rows, in the order of their buttons.
KINDS: dict[str, Any] = {
    "ledger": _l("Every confirmation and withdrawal, in the order of the public log"),
    "organizations": _l("Published organisations"),
}

_ROWS = "/deliveries/rows/<slug>"


@staff.post(f"{_ROWS}/<any({', '.join(KINDS)}):kind>/<any({', '.join(FORMATS)}):form>")
@needs(Permission.EXPORT)
def export(slug: str, kind: str, form: str) -> AnyResponse:
    """Have a file made in the language of who asks. All of it is public, so neither a reason nor the second factor is needed."""
    try:
        services.request(actor(), slug, kind, form, lang=i18n.language())
    except UnknownExport:
        abort(404)
    return redirect(url_for("staff.deliveries", _anchor="rows-title"), 303)


@staff.post("/deliveries/rows/<int(min=1,max=2147483647):export_id>/download")
@needs(Permission.EXPORT)
def export_download(export_id: int) -> AnyResponse:
    """The file, if it is still there. The download is recorded before its first byte is sent."""
    found = services.find(export_id)
    parts = None if found is None or found.job is None else jobs.chunks(found.job.id)
    if found is None or found.job is None or parts is None:
        abort(404)
    services.note_download(actor(), found)
    response = Response(parts, mimetype="application/zip")
    response.content_length = found.job.size
    response.headers["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    return response
