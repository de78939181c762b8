"""Importing partners: the files are read, what would change is shown, and a second press does it.

Nothing is stored between the two but the pictures, which go after a day if nobody keeps them: what was read is sealed in a field
of the form, so no file is chosen twice.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import FileField, HiddenField

from pledge.accounts.roles import Permission
from pledge.campaigns import items
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import CampaignState
from pledge.campaigns.partner_import import (
    Plan,
    PlanChanged,
    RowFault,
    column_header,
    import_partners,
    plan_import,
    store_logos,
    write_table,
)
from pledge.campaigns.partners import PARTNER
from pledge.core import i18n
from pledge.core.encryption import Unreadable, vault
from pledge.core.text.tables import BadTable, Line, TableFault, read_table
from pledge.files.archives import MAX_PICTURES
from pledge.files.faults import STORAGE_AWAY, FileRefused, StorageAway
from pledge.files.services import UnknownFile
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import Ask, actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import saved, section_page
from pledge.web.staff.files import attachment
from pledge.web.staff.forms import SavingProblem, StampedForm

#: Bytes of the request with both files.
_BODY = 24_000_000
#: Characters that the field with what was read may have.
_MAX_READ = 160_000
_SEALED = "partner_import.read"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportForm(StampedForm):
    """Partners by the dozen: a table, pictures in a zip, or both. The button that imports sends `seen`."""

    table = FileField(_l("Table"))
    logos = FileField(_l("Logos"))
    read = HiddenField()  #: what was read from files that came before, sealed


@staff.get("/campaigns/<slug>/partners/import")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_import(slug: str) -> Response:
    return _page(slug, ImportForm(), 200)


@staff.post("/campaigns/<slug>/partners/import")
@allows(body=_BODY)
@needs(Permission.EDIT_CAMPAIGNS, Ask.NOTHING)
def partner_import_post(slug: str) -> AnyResponse:
    form, status = ImportForm(request.form), 200
    lines, pictures = _read(form)
    if form.errors:
        return _page(slug, form, 422)
    if form.seen.data:
        try:
            import_partners(actor(), slug, lines, pictures, form.seen.data)
        except UnknownFile:
            form.logos.errors, form.read.data = [_("Please choose the file once more.")], ""
            return _page(slug, form, 422)
        except PlanChanged:
            status = 409
        else:
            return saved("campaign_partners", slug)
    desk = campaigns.desk(slug)
    plan = plan_import(items.rows(PARTNER, desk.id), CampaignState(desk.state), lines, pictures)
    kept = {"table"} if lines and not plan.faults else set()
    return _page(
        slug, form, 422 if plan.faults else status, plan, kept=kept | ({"logos"} if pictures else set())
    )


@staff.get("/campaigns/<slug>/partners/table.xlsx")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_table(slug: str) -> Response:
    """The partners as a table that can be filled in and imported."""
    return attachment(write_table(campaigns.desk(slug).id, i18n.language()), _XLSX, f"{slug}-partners.xlsx")


def _read(form: ImportForm) -> tuple[list[Line], dict[str, str]]:
    """The lines of the table and the stored pictures by the names of their files, of these files or of those that came before."""
    lines: list[Line] = []
    pictures: dict[str, str] = {}
    if form.read.data:
        try:
            lines, pictures = _unsealed(form.read.data)
        except (Unreadable, ValueError):
            form.table.errors = [_("Please choose the file once more.")]
    table, logos = (request.files.get(name) for name in ("table", "logos"))
    if table:
        try:
            lines = read_table(table.read())
        except BadTable as bad:
            form.table.errors = [_table_words(bad)]
    if logos:
        try:
            pictures, refused = store_logos(logos.read())
            form.logos.errors = [f"{name}: {fault.value}" for name, fault in refused.items()]
        except FileRefused as bad_archive:
            form.logos.errors = [bad_archive.message]
        except StorageAway:
            form.logos.errors = [STORAGE_AWAY]
    form.read.data = _sealed(lines, pictures)
    if len(form.read.data) > _MAX_READ:
        form.table.errors = [_table_words(BadTable(TableFault.TOO_LARGE))]
    elif not (lines or pictures or form.errors):
        form.table.errors = [_("Choose a table, a zip with logos, or both.")]
    return lines, pictures


def _sealed(lines: Sequence[Line], pictures: Mapping[str, str]) -> str:
    read = [[(line.number, line.cells) for line in lines], pictures]
    return urlsafe_b64encode(vault().seal(json.dumps(read, ensure_ascii=False), _SEALED)).decode()


def _unsealed(text: str) -> tuple[list[Line], dict[str, str]]:
    """Raises Unreadable, ValueError."""
    lines, pictures = json.loads(vault().unseal(urlsafe_b64decode(text), _SEALED))
    return [Line(number, tuple(cells)) for number, cells in lines], pictures


def _page(
    slug: str, form: ImportForm, status: int, plan: Plan | None = None, kept: Collection[str] = ()
) -> Response:
    return section_page(
        "staff/campaigns/partner_import.html",
        campaigns.desk(slug),
        form,
        SavingProblem(status),
        plan=plan,
        faults=[_row_words(fault) for fault in plan.faults] if plan else [],
        kept=kept,
        max_pictures=MAX_PICTURES,
    )


def _table_words(bad: BadTable) -> str:
    text = str(bad.fault.value)
    return _at_line(bad.line, text) if bad.line else text


def _row_words(fault: RowFault) -> str:
    column = column_header(fault.field, i18n.language()) if fault.field else ""
    return _at_line(fault.line, str(fault.fault.value) % {"line": fault.other}, column)


def _at_line(line: int, text: str, column: str = "") -> str:
    """What is wrong with a line of the table, or with one of its columns."""
    place = ", ".join(filter(None, (_("Line %(line)s", line=line), column)))
    return f"{place}: {text}"
