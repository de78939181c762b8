"""Importing partners: the table is read, what would change is shown, and a second press does it.

Nothing is stored between the two: the form carries the text of the table, so no file is chosen twice.
"""

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
    write_table,
)
from pledge.campaigns.partners import PARTNER
from pledge.core import i18n
from pledge.core.text.tables import MAX_LINES, BadTable, decode_table, read_table
from pledge.web.downloads import attachment
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import TEXT_BODY, saved, section_page
from pledge.web.staff.forms import SavingProblem, StampedForm


class ImportForm(StampedForm):
    """Partners by the dozen. The button that imports sends `seen`."""

    table = FileField(_l("Table"))
    text = HiddenField()  #: of the table that the preview shows


@staff.page("/campaigns/<slug>/partners/import", needs=Permission.EDIT_CAMPAIGNS)
def partner_import(slug: str) -> Response:
    return _page(slug, ImportForm(), 200)


@staff.act(
    "/campaigns/<slug>/partners/import", needs=Permission.EDIT_CAMPAIGNS, asks=Ask.NOTHING, body=TEXT_BODY
)
def partner_import_post(slug: str) -> AnyResponse:
    form, status = ImportForm(request.form), 200
    chosen = request.files.get("table")
    try:
        if chosen:
            form.text.data = decode_table(chosen.read())
        lines = read_table(form.text.data or "")
    except BadTable as bad:
        form.table.errors = [_at_line(bad.line, str(bad.fault.value))]
        return _page(slug, form, 422)
    if form.seen.data:
        try:
            import_partners(actor(), slug, lines, form.seen.data)
        except PlanChanged:
            status = 409
        else:
            return saved("campaign_partners", slug)
    desk = campaigns.desk(slug)
    plan = plan_import(items.rows(PARTNER, desk.id), CampaignState(desk.state), lines)
    return _page(slug, form, 422 if plan.faults else status, plan)


@staff.page("/campaigns/<slug>/partners/table.csv", needs=Permission.EDIT_CAMPAIGNS)
def partner_table(slug: str) -> Response:
    """The partners as a table that can be filled in and imported."""
    table = write_table(campaigns.desk(slug).id, i18n.language())
    return attachment(table, "text/csv", f"{slug}-partners.csv")


def _page(slug: str, form: ImportForm, status: int, plan: Plan | None = None) -> Response:
    return section_page(
        "staff/campaigns/partner_import.html",
        campaigns.desk(slug),
        form,
        SavingProblem(status),
        plan=plan,
        max_lines=MAX_LINES,
        faults=[_row_words(fault) for fault in plan.faults] if plan else [],
    )


def _row_words(fault: RowFault) -> str:
    column = column_header(fault.field, i18n.language()) if fault.field else ""
    return _at_line(fault.line, str(fault.fault.value) % {"line": fault.other}, column)


def _at_line(line: int, text: str, column: str = "") -> str:
    """What is wrong with a line of the table (0 for the whole), or with one of its columns."""
    place = [_("Line %(line)s", line=line)] if line else []
    if column:
        place.append(column)
    return f"{', '.join(place)}: {text}" if place else text
