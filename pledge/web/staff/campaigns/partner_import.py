"""Importing partners: the files are read, what would change is shown, and a second press does it.

Nothing is stored between the two but the pictures, which go after a day if nobody keeps them: what was read from the table is
in a field of the second form, and is checked there as if it had come for the first time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import TypeAdapter, ValidationError
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.partner_import import (
    ImportFault,
    Plan,
    PlanChanged,
    RowFault,
    column_header,
    import_partners,
    plan_import,
    store_logos,
    write_table,
)
from pledge.campaigns.rules import FAULT_MESSAGES
from pledge.core import i18n, tokens
from pledge.core.text.tables import MAX_COLUMNS, MAX_LINES, BadTable, Line, TableFault, read_table
from pledge.core.tokens import BadToken, Purpose
from pledge.files.archives import MAX_PICTURES, ArchiveFault, BadArchive
from pledge.files.pictures import PictureFault
from pledge.files.services import UnknownFile
from pledge.files.storage import STORAGE_AWAY, StorageAway
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, ImportForm, PlannedImportForm, section_page
from pledge.web.staff.forms import SavingProblem

#: Of the request with both files.
_BODY = 24_000_000
#: Bytes that the lines of a table may have in the field of the second form.
_MAX_LINES_FIELD = 120_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_LINES = TypeAdapter(list[tuple[int, tuple[str, ...]]])
_PICTURES = TypeAdapter(dict[str, str])


@staff.get("/campaigns/<slug>/partners/import")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_import(slug: str) -> Response:
    return _form_page(slug, ImportForm(), OK)


@staff.post("/campaigns/<slug>/partners/import")
@allows(body=_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def partner_import_post(slug: str) -> AnyResponse:
    desk, form = campaigns.desk(slug), ImportForm(request.form)
    lines, pictures = _read(form)
    if form.errors:
        return _form_page(slug, form, SavingProblem(422))
    plan = plan_import(desk, lines, pictures)
    if plan.faults:
        return _form_page(slug, form, SavingProblem(422), faults=[fault_words(one) for one in plan.faults])
    return _preview(slug, plan, lines, pictures, OK)


@staff.post("/campaigns/<slug>/partners/import/confirm")
@allows(body=_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def partner_import_confirm(slug: str) -> AnyResponse:
    form = PlannedImportForm(request.form)
    try:
        lines, pictures = _carried(form)
        import_partners(actor(), slug, lines, pictures, form.seen.data or "")
    except (ValidationError, BadToken, UnknownFile):
        again = ImportForm()
        again.table.errors = [_("Please choose the file once more.")]
        return _form_page(slug, again, SavingProblem(422))
    except PlanChanged as changed:
        if changed.plan.faults:
            faults = [fault_words(one) for one in changed.plan.faults]
            return _form_page(slug, ImportForm(), SavingProblem(409), faults=faults)
        return _preview(slug, changed.plan, lines, pictures, SavingProblem(409))
    return redirect(url_for("staff.campaign_partners", slug=slug, saved=1), 303)


@staff.get("/campaigns/<slug>/partners/table.xlsx")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_table(slug: str) -> Response:
    """The partners as a table that can be filled in and imported."""
    response = make_response(write_table(campaigns.desk(slug).id, i18n.language()))
    response.mimetype = _XLSX
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-partners.xlsx"'
    return response


def _read(form: ImportForm) -> tuple[list[Line], dict[str, str]]:
    """The lines of the table and the stored pictures by the names of their files; errors are told at the fields."""
    sent = {name: request.files[name].read() for name in ("table", "logos") if _is_chosen(name)}
    lines: list[Line] = []
    pictures: dict[str, str] = {}
    if not sent:
        form.table.errors = [_("Choose a table, a zip with logos, or both.")]
    try:
        lines = read_table(sent["table"]) if "table" in sent else []
    except BadTable as bad:
        form.table.errors = [table_words(bad)]
    if len(_lines_field(lines)) > _MAX_LINES_FIELD:
        form.table.errors = [table_words(BadTable(TableFault.TOO_LARGE))]
    if "logos" in sent and not form.errors:
        try:
            pictures, refused = store_logos(sent["logos"])
            if refused:
                form.logos.errors = [logo_words(name, fault) for name, fault in refused.items()]
        except BadArchive as bad_archive:
            form.logos.errors = [archive_words(bad_archive)]
        except StorageAway:
            form.logos.errors = [STORAGE_AWAY]
    return lines, pictures


def _is_chosen(name: str) -> bool:
    file = request.files.get(name)
    return file is not None and bool(file.filename)


def _lines_field(lines: Sequence[Line]) -> bytes:
    return _LINES.dump_json([(line.number, line.cells) for line in lines])


def _carried(form: PlannedImportForm) -> tuple[list[Line], dict[str, str]]:
    """What the preview has carried. Raises ValidationError, BadToken."""
    lines = [Line(number, cells) for number, cells in _LINES.validate_json(form.lines.data or "")]
    tickets = _PICTURES.validate_json(form.pictures.data or "")
    pictures = {}
    for name, ticket in tickets.items():
        token = tokens.read(Purpose.UPLOAD, ticket)
        if token.expired:
            raise BadToken
        pictures[name] = str(token.payload[0])
    return lines, pictures


def _form_page(slug: str, form: ImportForm, problem: SavingProblem, faults: Sequence[Any] = ()) -> Response:
    return section_page(
        "staff/campaigns/partner_import.html",
        campaigns.desk(slug),
        form,
        problem,
        faults=faults,
        max_pictures=MAX_PICTURES,
    )


def _preview(
    slug: str, plan: Plan, lines: Sequence[Line], pictures: Mapping[str, str], problem: SavingProblem
) -> Response:
    tickets = {name: tokens.mint(Purpose.UPLOAD, [stored]) for name, stored in pictures.items()}
    form = PlannedImportForm(
        data={
            "lines": _lines_field(lines).decode(),
            "pictures": _PICTURES.dump_json(tickets).decode(),
            "seen": plan.stamp,
        }
    )
    return section_page(
        "staff/campaigns/partner_import_preview.html", campaigns.desk(slug), form, problem, plan=plan
    )


_TABLE_WORDS = {
    TableFault.EMPTY: _l("The table is empty. It needs a line with headers and one line for each partner."),
    TableFault.TOO_LARGE: _l(
        "The table is too large. Please send only the columns that are needed, without pictures."
    ),
    TableFault.WRONG_TYPE: _l(
        "This is neither an XLSX nor a CSV file. Please save the table as one of these."
    ),
    TableFault.DAMAGED: _l(
        "The table is damaged or incomplete. Please save it again and choose the new file."
    ),
    TableFault.TOO_MANY_LINES: _l("The table has more than %(number)s lines. Please send it in parts."),
    TableFault.TOO_MANY_COLUMNS: _l("A line has more than %(number)s cells."),
    TableFault.QUOTES: _l("A quotation mark is not closed, or stands inside a cell."),
    TableFault.ERROR_VALUE: _l("A cell shows an error instead of a value."),
}
_NUMBERS = {TableFault.TOO_MANY_LINES: MAX_LINES, TableFault.TOO_MANY_COLUMNS: MAX_COLUMNS}

_ARCHIVE_WORDS = {
    ArchiveFault.TOO_LARGE: _l("The zip is larger than 20 MB. Please send the logos in parts."),
    ArchiveFault.WRONG_TYPE: _l("This is not a zip file."),
    ArchiveFault.DAMAGED: _l("The zip is damaged or of an unusual kind. Please make it again."),
    ArchiveFault.ENCRYPTED: _l("The zip has a password. Please make one without."),
    ArchiveFault.EMPTY: _l("There is no file in the zip."),
    ArchiveFault.TOO_MANY: _l(
        "There are more than %(number)s files in the zip. Please send the logos in parts."
    ),
    ArchiveFault.REPEATED: _l("Two files in the zip have the same name."),
}

_LINE_WORDS = {
    ImportFault.NO_NAME_COLUMN: _l("No column is headed like a name. Please use the headers of our table."),
    ImportFault.COLUMN_TWICE: _l("There are two columns for this."),
    ImportFault.MORE_CELLS: _l(
        "The line has more cells than there are headers. Is a comma missing its quotation marks?"
    ),
    ImportFault.FORMULA: _l("It begins like a formula."),
    ImportFault.TYPE: _l("There is no such kind of organisation. Please choose one of those in our table."),
    ImportFault.REPEATED: _l("This partner is in line %(line)s already."),
    ImportFault.AMBIGUOUS: _l("One of its names is that of one partner, the other that of another."),
    ImportFault.NO_LOGO: _l("There is no such file in the zip."),
    ImportFault.LOGO_TWICE: _l("This file is the logo of line %(line)s already."),
}


@dataclass(frozen=True)
class FaultWords:
    """A line of the table with what is wrong with it."""

    line: int
    column: str  #: its header; "" for the whole line
    text: Any


def table_words(bad: BadTable) -> str:
    text = str(_TABLE_WORDS[bad.fault]) % {"number": i18n.format_count(_NUMBERS.get(bad.fault, 0))}
    return _("Line %(line)s: %(fault)s", line=bad.line, fault=text) if bad.line else text


def archive_words(bad: BadArchive) -> str:
    return str(_ARCHIVE_WORDS[bad.fault]) % {"number": MAX_PICTURES}


def logo_words(name: str, fault: PictureFault) -> str:
    return f"{name}: {fault.value}"


def fault_words(fault: RowFault) -> FaultWords:
    if isinstance(fault.fault, ImportFault):
        text = str(_LINE_WORDS[fault.fault]) % {"line": fault.other}
    else:
        text = str(FAULT_MESSAGES[fault.fault])
    column = column_header(fault.field, i18n.language()) if fault.field else ""
    return FaultWords(fault.line, column, text)
